//! A real Apache Kafka broker that a test may break: killed, frozen, started again on the same files and port.
//!
//! One broker that is its own controller, on free ports of 127.0.0.1, with its files in a folder of its own.
//! `scripts/setup-test.sh` installs what it runs from: the jars of `kafka/pom.xml`, Java and kcat. Records that it took
//! survive [`TestKafka::kill`], since the kernel has them; no power cut is played.

pub(crate) mod command;
mod requests;
mod secured;

use std::fs;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::folder::Folder;
use crate::keeper::Keeper;
use crate::proxy::Proxy;
use crate::wait;
use command::{Ports, free_port, installed, java, log_settings, settings};
use requests::Metadata;
pub use secured::{PASSWORD, Secured, USERNAME};

/// How long the broker may take to start, to stop in order, and to tell of a topic.
const WITHIN: Duration = Duration::from_mins(1);
/// How long one run of kcat may take.
const KCAT_WITHIN: Duration = Duration::from_secs(30);

/// The broker. It ends with the value, and with this process however that ends.
pub struct TestKafka {
    keeper: Mutex<Keeper>,
    folder: Folder,
    cluster: String,
    ports: Ports,
    advertised: Option<u16>,
    secured: Option<Secured>,
}

impl TestKafka {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// If something that `scripts/setup-test.sh` installs is missing, or the broker does not come up.
    pub async fn start() -> Result<Self> {
        Self::begin(Ports::choose()?, None, Folder::new("kafka"), None).await
    }

    /// Starts one with two more listeners that ask who a client is; [`TestKafka::secured`] tells of them.
    ///
    /// # Errors
    /// As [`TestKafka::start`], or if there is no `openssl`.
    pub async fn start_secured() -> Result<Self> {
        let folder = Folder::new("kafka");
        let secured = Secured::on([free_port()?, free_port()?], folder.path())?;
        Self::begin(Ports::choose()?, None, folder, Some(secured)).await
    }

    /// Starts one with a second listener, which tells its clients to connect to another port of 127.0.0.1: the caller's,
    /// which leads to [`TestKafka::proxied_port`].
    ///
    /// # Errors
    /// As [`TestKafka::start`].
    pub async fn start_behind(advertised: u16) -> Result<Self> {
        Self::begin(Ports::choose()?, Some(advertised), Folder::new("kafka"), None).await
    }

    /// Starts one and a proxy before it. Clients of [`TestKafka::proxied_brokers`] stay on the proxy; those of
    /// [`TestKafka::brokers`] do not pass it.
    ///
    /// # Errors
    /// As [`TestKafka::start`].
    pub async fn start_proxied() -> Result<(Self, Proxy)> {
        let ports = Ports::choose()?;
        let proxy = Proxy::before_port(ports.proxied).await;
        let kafka = Self::begin(ports, Some(proxy.port()), Folder::new("kafka"), None).await?;
        Ok((kafka, proxy))
    }

    async fn begin(
        ports: Ports,
        advertised: Option<u16>,
        folder: Folder,
        secured: Option<Secured>,
    ) -> Result<Self> {
        let libraries = installed()?;
        // 128 bits in base64, unlike those of all brokers that run now: an answer from another one is told apart.
        let cluster = format!("{:A>21}Q", format!("{}-{}", std::process::id(), ports.direct));
        let settings = settings(folder.path(), &ports, advertised, secured.as_ref());
        fs::write(folder.path().join("settings"), settings)?;
        fs::write(folder.path().join("log4j2.properties"), log_settings(folder.path()))?;
        let mut broker = java(folder.path(), &libraries, "kafka.Kafka");
        broker.push(folder.path().join("settings").display().to_string());
        // Before the files are made: it removes them if this process is killed meanwhile.
        let keeper = Mutex::new(Keeper::start(folder.path(), &broker)?);
        let mut format = java(folder.path(), &libraries, "kafka.tools.StorageTool");
        format.extend(["format", "--cluster-id", &cluster, "--config"].map(str::to_owned));
        format.push(folder.path().join("settings").display().to_string());
        if secured.is_some() {
            format.extend(Secured::scram());
        }
        format_files(&format).await?;
        let kafka = Self { keeper, folder, cluster, ports, advertised, secured };
        kafka.restart().await?;
        Ok(kafka)
    }

    /// Where clients find it: host and port.
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.direct)
    }

    /// Where clients find it that are to stay on the advertised port.
    ///
    /// # Panics
    /// If it was started without one.
    pub fn proxied_brokers(&self) -> String {
        format!("127.0.0.1:{}", self.advertised.expect("a broker behind an advertised port"))
    }

    /// The listeners that ask who a client is.
    ///
    /// # Panics
    /// If it was started without them.
    pub fn secured(&self) -> &Secured {
        self.secured.as_ref().expect("a broker that was started with them")
    }

    /// Where what listens on the advertised port finds the broker.
    pub fn proxied_port(&self) -> u16 {
        self.ports.proxied
    }

    /// Ends it as a crash does, with no word to its clients.
    ///
    /// # Errors
    /// If the harness has lost it.
    pub fn kill(&self) -> Result<()> {
        self.keeper().end_broker()
    }

    /// Ends it in order and returns once it has ended; a frozen one is thawed first.
    ///
    /// # Errors
    /// If it was ended before, or does not end in time.
    pub async fn stop(&self) -> Result<()> {
        self.keeper().signal(Signal::TERM)?;
        self.keeper().signal(Signal::CONT)?;
        let ended = wait::found(WITHIN, async || (!self.keeper().runs()).then_some(())).await;
        if ended.is_none() {
            bail!("the broker did not stop within {WITHIN:?}: {}", self.log());
        }
        self.keeper().end_broker()
    }

    /// Starts it again on the same files and ports, after [`TestKafka::kill`] or [`TestKafka::stop`], and waits until it
    /// answers and leads each partition it has.
    ///
    /// # Errors
    /// If it runs already, or does not come up.
    pub async fn restart(&self) -> Result<()> {
        self.keeper().start_broker()?;
        let up = wait::found(WITHIN, async || {
            if !self.keeper().runs() {
                return Some(false);
            }
            let metadata = requests::metadata(self.ports.direct).await.ok()?;
            self.is_up(&metadata).then_some(true)
        });
        match up.await {
            Some(true) => Ok(()),
            Some(false) => bail!("the broker ended while it started: {}", self.log()),
            None => bail!("the broker did not come up within {WITHIN:?}: {}", self.log()),
        }
    }

    fn is_up(&self, metadata: &Metadata) -> bool {
        let leads = metadata.topics.iter().all(|topic| topic.led);
        metadata.cluster == self.cluster && metadata.brokers == 1 && leads
    }

    /// Stops its process where it is: the kernel still takes connections for it, and no request is answered.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.keeper().signal(Signal::STOP)
    }

    /// Lets a frozen one go on; any other does so anyway.
    ///
    /// # Errors
    /// If it was ended.
    pub fn thaw(&self) -> Result<()> {
        self.keeper().signal(Signal::CONT)
    }

    /// Creates a topic and waits until each of its partitions can be used. The settings are Kafka's own for topics, such
    /// as `retention.ms`.
    ///
    /// # Errors
    /// If the broker refuses, or there is such a topic.
    pub async fn topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) -> Result<()> {
        requests::create_topic(self.ports.direct, name, partitions, config).await?;
        let led = self.metadata_in_time(|topics| topics.iter().any(|topic| topic.name == name && topic.led));
        led.await.with_context(|| format!("topic {name} had no leaders within {WITHIN:?}"))
    }

    /// Deletes a topic and waits until the broker tells of it no more.
    ///
    /// # Errors
    /// If the broker refuses, or there is no such topic.
    pub async fn delete_topic(&self, name: &str) -> Result<()> {
        requests::delete_topic(self.ports.direct, name).await?;
        let gone = self.metadata_in_time(|topics| topics.iter().all(|topic| topic.name != name));
        gone.await.with_context(|| format!("topic {name} was still there after {WITHIN:?}"))
    }

    /// Deletes the records of a partition before an offset, as retention does; -1 stands for all that it has.
    ///
    /// # Errors
    /// If the broker refuses, as it does an offset that the partition has not reached.
    pub async fn delete_records_before(&self, topic: &str, partition: i32, offset: i64) -> Result<()> {
        requests::delete_records(self.ports.direct, topic, partition, offset).await
    }

    async fn metadata_in_time(&self, is_so: impl Fn(&[requests::Topic]) -> bool) -> Option<()> {
        wait::found(WITHIN, async || {
            let metadata = requests::metadata(self.ports.direct).await.ok()?;
            is_so(&metadata.topics).then_some(())
        })
        .await
    }

    /// Runs kcat against [`TestKafka::brokers`] and returns its output.
    ///
    /// # Errors
    /// With its standard error, if it fails or does not end within 30 seconds.
    pub async fn kcat(&self, args: &[&str]) -> Result<String> {
        self.kcat_with(args, "").await
    }

    /// The same with standard input, such as lines to produce.
    ///
    /// # Errors
    /// As [`TestKafka::kcat`].
    pub async fn kcat_with(&self, args: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "kcat", "-b", &self.brokers()]).args(args);
        let output = run(command, input, KCAT_WITHIN).await;
        output.with_context(|| format!("kcat {}", args.join(" ")))
    }

    /// What it warned of since it was first started, and what it printed.
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        read("log") + &read("out")
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the folder of data one of this cluster.
async fn format_files(tool: &[String]) -> Result<()> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).args(tool);
    run(command, "", WITHIN).await.context("formatting the broker's files").map(drop)
}

/// Runs a command that `setpriv` starts, and returns its output.
async fn run(mut command: Command, input: &str, within: Duration) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("starting setpriv (util-linux)")?;
    let mut stdin = child.stdin.take().context("it is piped")?;
    let feed = async {
        // A program that ends early says why by its status.
        stdin.write_all(input.as_bytes()).await.ok();
        drop(stdin);
    };
    let finished = timeout(within, async { tokio::join!(feed, child.wait_with_output()).1 }).await;
    let output = finished.with_context(|| format!("it did not end within {within:?}"))??;
    let said = String::from_utf8_lossy(&output.stderr);
    // What `setpriv` says of a program that is not there.
    ensure!(output.status.code() != Some(127), "{said}: run scripts/setup-test.sh");
    ensure!(output.status.success(), "{}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
