//! Settings: the defaults, then `orqestra.toml`, then the environment. Checked whole before anything connects.
//!
//! The only place that reads the engine's settings from the environment; what finds PostgreSQL's programs, filters log
//! lines and arms fail points reads its own. An error names the setting and what it should be.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use orqestra_api::limits::RedisUrl;
use orqestra_api::server::Bounds;
use orqestra_api::{AllowedOrigins, DemoPage, PublicUrl, TrustedProxies};
use orqestra_commands::AdminName;
use orqestra_dispatch::PrivateHosts;
use orqestra_domain::tenant::Limits;
use orqestra_domain::{Strength, TenantId, TenantName, WeakSecret};
use orqestra_kafka::RelaySettings;

pub(crate) use self::given::unknown;
use self::given::{Given, named};
use self::kafka::Kafka;
pub(crate) use self::listen::{Listen, local_url};
use crate::trust;

mod given;
mod kafka;
mod listen;

/// The settings file, looked for in the working directory.
const FILE: &str = "orqestra.toml";
/// Between the attempts of one delivery: eight attempts in about 18 hours.
const RETRY_DELAYS: &str = "5s,1m,5m,30m,2h,5h,10h";
/// The longest of them, and how many there may be.
const LONGEST_DELAY: Duration = Duration::from_hours(30 * 24);
const MOST_DELAYS: usize = 31;
/// What one peer may have of a server's places; more than there are is all of them.
const PEER_CONNECTIONS: RangeInclusive<u64> = 1..=1_000_000;
/// From acceptance, how long a delivery waits for an operator.
const WAIT_AT_MOST: &str = "72h";

/// The settings, parsed.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) listen: Listen,
    /// Where readiness and metrics are served, if not there too.
    pub(crate) probes_listen: Option<Listen>,
    /// Connections of one peer.
    pub(crate) peer_connections: usize,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<String>,
    pub(crate) migration_database_url: Option<String>,
    pub(crate) master_key: Option<String>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) admin_token: Option<String>,
    pub(crate) admin_name: AdminName,
    pub(crate) realtime_token_secret: Option<String>,
    pub(crate) retry_delays: Vec<Duration>,
    /// How long a delivery waits for an operator to mend what keeps it.
    pub(crate) wait_at_most: Duration,
    pub(crate) claim: Duration,
    pub(crate) provider_timeout: Duration,
    pub(crate) smtp_authorities: Option<Arc<str>>,
    /// What is given; else it depends on the command.
    pub(crate) smtp_private_hosts: Option<PrivateHosts>,
    pub(crate) log_format: LogFormat,
    pub(crate) access_log: AccessLog,
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) worker_threads: usize,
    pub(crate) allowed_origins: AllowedOrigins,
    pub(crate) trusted_proxies: TrustedProxies,
    /// The address by which the world reaches the installation.
    pub(crate) public_url: Option<PublicUrl>,
    /// What is given; else it depends on the command.
    pub(crate) demo: Option<DemoPage>,
    /// Where API processes count limits together, if they do.
    pub(crate) redis: Option<RedisUrl>,
    /// Where the log is relayed to, if it is.
    pub(crate) kafka: Option<Kafka>,
    pub(crate) bootstrap: Option<Bootstrap>,
}

/// The command that runs an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Embedded {
    /// All in one process.
    Up,
    /// Chosen roles.
    Serve,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether what went well has a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessLog {
    /// Each request and each call to a provider.
    On,
    /// Only what was refused or failed.
    Off,
}

/// The first tenant, from the environment.
#[derive(Clone)]
pub(crate) struct Bootstrap {
    pub(crate) id: TenantId,
    pub(crate) name: TenantName,
    pub(crate) api_key: String,
    pub(crate) webhook_secret: Option<String>,
    pub(crate) limits: Limits,
}

impl Bootstrap {
    /// Holds the chosen secrets to what a new tenant's must be. Those of a tenant that is registered stand as they are.
    pub(crate) fn check_secrets(&self) -> anyhow::Result<()> {
        Strength::KEY.check(&self.api_key).map_err(weak("bootstrap_api_key"))?;
        match &self.webhook_secret {
            Some(secret) => Strength::WEBHOOK_SECRET.check(secret).map_err(weak("bootstrap_webhook_secret")),
            None => Ok(()),
        }
    }
}

/// The error of a secret that is too weak, which does not repeat it.
fn weak(name: &str) -> impl Fn(WeakSecret) -> anyhow::Error {
    move |weak| anyhow::anyhow!("{}: {weak}", named(name))
}

impl Settings {
    /// Reads the file, if there is one, and the environment.
    pub(crate) fn load() -> anyhow::Result<Self> {
        // It names the database and the keys: one that another user could have put here is a way to both.
        let mut given = match trust::read_at(Path::new(FILE))? {
            Some(text) => Given::of_file(&text)?,
            None => Given::default(),
        };
        given.take_environment(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        given.parse()
    }
}

impl Settings {
    /// What each topic is relayed with; nothing without brokers.
    pub(crate) fn relays(&self) -> impl Iterator<Item = RelaySettings> {
        self.kafka.iter().flat_map(Kafka::relays)
    }

    /// The topic that projections and dispatch read in place of the log's tail, if there is one.
    pub(crate) fn consumed_topic(&self, embedded: Embedded) -> Option<Arc<dyn orqestra_event_log::Topic>> {
        self.kafka.as_ref().and_then(|kafka| kafka.consumed(embedded))
    }

    /// Whether mail may be handed to private hosts: on a developer's machine it may, where the engine is reached from that machine
    /// alone, by the address that it listens on.
    pub(crate) fn private_hosts(&self, embedded: Embedded, at: IpAddr) -> PrivateHosts {
        match (self.smtp_private_hosts, embedded) {
            (Some(given), _) => given,
            (None, Embedded::Up) if at.to_canonical().is_loopback() => PrivateHosts::Allowed,
            (None, Embedded::Up | Embedded::Serve) => PrivateHosts::Refused,
        }
    }

    /// Holds the secrets that a serving process is given to what a chosen secret must be. Commands that ask a running
    /// engine show what it has.
    pub(crate) fn check_secrets(&self) -> anyhow::Result<()> {
        let token = self.admin_token.as_deref().map(|token| Strength::KEY.check(token));
        token.transpose().map_err(weak("admin_token"))?;
        let secret = self.realtime_token_secret.as_deref().map(|secret| Strength::TOKEN_SECRET.check(secret));
        secret.transpose().map_err(weak("realtime_token_secret"))?;
        Ok(())
    }
}

impl Given {
    fn parse(self) -> anyhow::Result<Settings> {
        let bootstrap = self.bootstrap()?;
        let kafka = self.kafka()?;
        let listen = address("listen", self.listen.as_deref().unwrap_or("127.0.0.1:8080"))?;
        let probes_listen = self.probes_listen.as_deref().map(|text| address("probes_listen", text));
        let probes_listen = probes_listen.transpose()?;
        if probes_listen.as_ref().is_some_and(|probes| *probes == listen && probes.port() != 0) {
            bail!("{}: expected another address than that of listen, got {listen}", named("probes_listen"));
        }
        if self.master_key.is_some() && self.master_key_file.is_some() {
            bail!("master_key and master_key_file: give one of the two");
        }
        if self.admin_token.as_ref().is_some_and(|token| token.len() < 16) {
            bail!("admin_token (ORQESTRA_ADMIN_TOKEN): must have at least 16 characters");
        }
        if self.realtime_token_secret.as_ref().is_some_and(|secret| secret.len() < 32) {
            bail!(
                "realtime_token_secret (ORQESTRA_CENTRIFUGO_TOKEN_SECRET): must have at least 32 characters"
            );
        }
        if self.migration_database_url.is_some() && self.database_url.is_none() {
            bail!("migration_database_url: needs database_url beside it");
        }
        Ok(Settings {
            listen,
            probes_listen,
            peer_connections: match self.peer_connections.as_deref() {
                None => Bounds::default().peer_connections,
                Some(given) => usize::try_from(number("peer_connections", given, &PEER_CONNECTIONS)?)
                    .expect("a number of so few digits fits"),
            },
            data_dir: self.data_dir.unwrap_or_else(|| PathBuf::from("./.orqestra")),
            database_url: self.database_url,
            migration_database_url: self.migration_database_url,
            master_key: self.master_key,
            master_key_file: self.master_key_file,
            admin_token: self.admin_token,
            admin_name: match self.admin_name.as_deref() {
                None => AdminName::default(),
                Some(name) => AdminName::parse(name).context("admin_name")?,
            },
            realtime_token_secret: self.realtime_token_secret,
            retry_delays: retry_delays(self.retry_delays.as_deref().unwrap_or(RETRY_DELAYS))?,
            wait_at_most: delay("wait_at_most", self.wait_at_most.as_deref().unwrap_or(WAIT_AT_MOST))?,
            claim: seconds("claim_seconds", self.claim_seconds.as_deref(), 60)?,
            provider_timeout: seconds(
                "provider_timeout_seconds",
                self.provider_timeout_seconds.as_deref(),
                30,
            )?,
            smtp_authorities: self.smtp_ca_file.as_deref().map(authorities).transpose()?,
            smtp_private_hosts: switch("smtp_private_hosts", self.smtp_private_hosts.as_deref())?
                .map(|on| if on { PrivateHosts::Allowed } else { PrivateHosts::Refused }),
            log_format: match self.log_format.as_deref() {
                None | Some("text") => LogFormat::Text,
                Some("json") => LogFormat::Json,
                Some(other) => bail!("log_format: {other} is neither text nor json"),
            },
            access_log: match self.access_log.as_deref() {
                None | Some("on") => AccessLog::On,
                Some("off") => AccessLog::Off,
                Some(other) => bail!("access_log: {other} is neither on nor off"),
            },
            otlp_endpoint: match self.otlp_endpoint {
                Some(other) if !other.starts_with("http://") => {
                    bail!("otlp_endpoint: must begin with http://, as in http://127.0.0.1:4318")
                }
                given => given,
            },
            worker_threads: match self.worker_threads.as_deref() {
                None => half_of_the_processors(),
                Some(given) => usize::try_from(number("worker_threads", given, &(1..=256))?)
                    .expect("a number up to 256 fits"),
            },
            allowed_origins: AllowedOrigins::parse(self.allowed_origins.as_deref().unwrap_or_default())
                .context("allowed_origins")?,
            trusted_proxies: TrustedProxies::parse(self.trusted_proxies.as_deref().unwrap_or_default())
                .with_context(|| named("trusted_proxies"))?,
            public_url: match self.public_url.as_deref() {
                None => None,
                Some(given) => Some(PublicUrl::parse(given).with_context(|| named("public_url"))?),
            },
            demo: match self.demo.as_deref() {
                None => None,
                Some("on") => Some(DemoPage::Served),
                Some("off") => Some(DemoPage::Absent),
                Some(other) => bail!("demo: {other} is neither on nor off"),
            },
            redis: match self.redis_url.as_deref() {
                None => None,
                Some(given) => Some(RedisUrl::parse(given).with_context(|| named("redis_url"))?),
            },
            kafka,
            bootstrap,
        })
    }

    fn bootstrap(&self) -> anyhow::Result<Option<Bootstrap>> {
        let Some(id) = &self.bootstrap_tenant_id else { return Ok(None) };
        let id: TenantId =
            id.parse().with_context(|| format!("bootstrap_tenant_id: expected a UUID, got `{id}`"))?;
        if id.is_reserved() {
            bail!("bootstrap_tenant_id: the engine keeps {id} for itself; give another UUID");
        }
        let Some(api_key) = self.bootstrap_api_key.clone() else {
            bail!("bootstrap_api_key: needed beside bootstrap_tenant_id");
        };
        if api_key.len() < 16 || api_key.chars().any(|c| !c.is_ascii_graphic()) {
            bail!("bootstrap_api_key: must be at least 16 visible ASCII characters");
        }
        let name = self.bootstrap_tenant_name.as_deref().unwrap_or("Demo");
        let mut limits = Limits::default();
        if let Some(rate) = &self.bootstrap_rate_per_minute {
            let rate = number("bootstrap_rate_per_minute", rate, &Limits::RATES)?;
            limits.rate_per_minute = u32::try_from(rate).expect("the bounds are those of 32 bits");
        }
        if let Some(cap) = &self.bootstrap_daily_cap {
            limits.daily_cap = Some(number("bootstrap_daily_cap", cap, &Limits::CAPS)?);
        }
        Ok(Some(Bootstrap {
            id,
            name: TenantName::parse(name).context("bootstrap_tenant_name")?,
            api_key,
            webhook_secret: self.bootstrap_webhook_secret.clone(),
            limits,
        }))
    }
}

/// PostgreSQL needs the other half: with a thread for each processor the two wait for each other.
fn half_of_the_processors() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1))
}

/// Whether a setting is on, if it is given.
fn switch(name: &str, text: Option<&str>) -> anyhow::Result<Option<bool>> {
    match text {
        None => Ok(None),
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some(other) => bail!("{}: expected on or off, got {other}", named(name)),
    }
}

/// An address and a port.
fn address(name: &str, text: &str) -> anyhow::Result<Listen> {
    Listen::parse(text).with_context(|| {
        format!("{name}: {text} is no address and port, as in 127.0.0.1:8080 or localhost:8080")
    })
}

/// A whole number within bounds.
fn number(name: &str, text: &str, bounds: &RangeInclusive<u64>) -> anyhow::Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && bounds.contains(number));
    number.with_context(|| {
        let (least, most) = (bounds.start(), bounds.end());
        format!("{}: expected a whole number from {least} to {most}, got {text}", named(name))
    })
}

fn authorities(path: &Path) -> anyhow::Result<Arc<str>> {
    Ok(trust::read_named(path).context("smtp_ca_file")?.into())
}

fn seconds(name: &str, text: Option<&str>, default: u64) -> anyhow::Result<Duration> {
    let seconds = text.map_or(Ok(default), |text| number(name, text, &(1..=3_600)))?;
    Ok(Duration::from_secs(seconds))
}

/// Delays as in `5s,1m,2h`; units are ms, s, m and h.
fn retry_delays(text: &str) -> anyhow::Result<Vec<Duration>> {
    let delays: Vec<&str> = text.split(',').map(str::trim).collect();
    if delays.len() > MOST_DELAYS {
        bail!("{}: expected at most {MOST_DELAYS} delays, got {}", named("retry_delays"), delays.len());
    }
    delays.into_iter().map(|text| delay("retry_delays", text)).collect()
}

/// A delay as in `72h`; units are ms, s, m and h.
fn delay(name: &str, text: &str) -> anyhow::Result<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: Option<u64> = text[..text.len() - unit.len()].parse().ok();
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => bail!("{name}: {text} has none of the units ms, s, m, h"),
    };
    let delay = count.and_then(|count| count.checked_mul(millis)).map(Duration::from_millis);
    delay.filter(|delay| *delay <= LONGEST_DELAY).with_context(|| {
        let most = LONGEST_DELAY.as_secs() / 3_600;
        format!("{}: expected delays of at most {most}h, got {text}", named(name))
    })
}

#[cfg(test)]
mod tests;
