//! How a broker is started: its ports, its settings, and the commands of the installed Kafka.
//!
//! Nothing here runs anything.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use super::secured::Secured;

/// Ports below those that the kernel gives to outgoing connections: a client that tries to reach a dead broker would
/// now and then be given the broker's own port, and the broker could not come back to it.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
/// Little memory, no optimizing compiler: a broker of a test lives for seconds. No files outside its folder.
const JAVA: &[&str] = &[
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
];
/// Settings that do not differ between brokers. The cleaner's buffer is 128 MB otherwise, half of the heap. A killed broker
/// that is back is let in once its session of before has run out, after 9 seconds otherwise.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,PASSWORD:SASL_SSL,CERTIFICATE:SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=1
num.io.threads=2
background.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
";

/// The ports of one broker.
pub(super) struct Ports {
    pub direct: u16,
    /// Used only with an advertised port.
    pub proxied: u16,
    pub controller: u16,
}

impl Ports {
    /// Chooses three that are free now.
    pub(super) fn choose() -> Result<Self> {
        Ok(Self { direct: free_port()?, proxied: free_port()?, controller: free_port()? })
    }
}

/// A port that is free now, and given once in this process. Processes begin at places far from each other.
pub(crate) fn free_port() -> Result<u16> {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    let begin = u16::try_from(std::process::id() % 997)? * 22;
    let mut candidates = (0..count).map(|_| {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed) % count;
        PORTS.start + (begin + tried) % count
    });
    let free = candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.with_context(|| format!("no free port in {PORTS:?}"))
}

/// The folder with Kafka's jars.
pub(super) fn installed() -> Result<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tests.parent().context("tests lies in the workspace's root")?.join(".cache/kafka");
    let wanted = hex::encode(Sha256::digest(fs::read(tests.join("kafka/pom.xml"))?));
    let found = fs::read_to_string(folder.join("of")).unwrap_or_default();
    ensure!(
        found.trim() == wanted,
        "Kafka is missing, or not of tests/kafka/pom.xml: run scripts/setup-test.sh"
    );
    Ok(folder.join("libs"))
}

pub(super) fn settings(
    folder: &Path,
    ports: &Ports,
    advertised: Option<u16>,
    secured: Option<&Secured>,
) -> String {
    let Ports { direct, proxied, controller } = ports;
    let mut listeners =
        vec![format!("PLAINTEXT://127.0.0.1:{direct}"), format!("CONTROLLER://127.0.0.1:{controller}")];
    let mut addresses = vec![format!("PLAINTEXT://127.0.0.1:{direct}")];
    if let Some(advertised) = advertised {
        listeners.push(format!("PROXIED://127.0.0.1:{proxied}"));
        addresses.push(format!("PROXIED://127.0.0.1:{advertised}"));
    }
    if let Some(secured) = secured {
        listeners.extend(secured.listeners());
        addresses.extend(secured.listeners());
    }
    let more = secured.map_or_else(String::new, |secured| secured.settings(folder));
    format!(
        "{SETTINGS}{more}log.dirs={}\nlisteners={}\nadvertised.listeners={}\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n",
        folder.join("data").display(),
        listeners.join(","),
        addresses.join(","),
    )
}

pub(super) fn log_settings(folder: &Path) -> String {
    format!(
        "appender.file.type=File\nappender.file.name=file\nappender.file.fileName={}\n\
         appender.file.layout.type=PatternLayout\nappender.file.layout.pattern=%d %p %c: %m%n%throwable\n\
         rootLogger.level=warn\nrootLogger.appenderRef.file.ref=file\n",
        folder.join("log").display()
    )
}

/// The command that runs a class of Kafka's.
pub(super) fn java(folder: &Path, libraries: &Path, class: &str) -> Vec<String> {
    let mut command = vec!["java".to_owned()];
    command.extend(JAVA.iter().map(|option| (*option).to_owned()));
    // Native libraries are unpacked there, and a killed process leaves them.
    command.push(format!("-Djava.io.tmpdir={}", folder.display()));
    command.push(format!("-Dlog4j2.configurationFile={}", folder.join("log4j2.properties").display()));
    command.push("-cp".to_owned());
    command.push(format!("{}/*", libraries.display()));
    command.push(class.to_owned());
    command
}
