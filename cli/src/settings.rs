//! Settings: the defaults, then `orqestra.toml`, then the environment. Checked whole before anything connects.
//!
//! The only place that reads the engine's settings from the environment; what finds PostgreSQL's programs, filters log
//! lines and arms fail points reads its own. An error names the setting and what it should be.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use orqestra_api::{AllowedOrigins, DemoPage};
use orqestra_commands::AdminName;
use orqestra_domain::tenant::Limits;
use orqestra_domain::{TenantId, TenantName};
use serde::Deserialize;

/// The settings file, looked for in the working directory.
const FILE: &str = "orqestra.toml";
/// Between the attempts of one delivery: eight attempts in about 18 hours.
const RETRY_DELAYS: &str = "5s,1m,5m,30m,2h,5h,10h";

/// What the file may hold; every name is also an environment variable, `ORQESTRA_` before it and in capitals.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    listen: Option<String>,
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    migration_database_url: Option<String>,
    master_key: Option<String>,
    master_key_file: Option<PathBuf>,
    admin_token: Option<String>,
    admin_name: Option<String>,
    realtime_token_secret: Option<String>,
    retry_delays: Option<String>,
    claim_seconds: Option<String>,
    provider_timeout_seconds: Option<String>,
    smtp_ca_file: Option<PathBuf>,
    log_format: Option<String>,
    access_log: Option<String>,
    otlp_endpoint: Option<String>,
    worker_threads: Option<String>,
    allowed_origins: Option<String>,
    demo: Option<String>,
    bootstrap_tenant_id: Option<String>,
    bootstrap_tenant_name: Option<String>,
    bootstrap_api_key: Option<String>,
    bootstrap_webhook_secret: Option<String>,
    bootstrap_rate_per_minute: Option<String>,
    bootstrap_daily_cap: Option<String>,
}

/// The settings, parsed.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<String>,
    pub(crate) migration_database_url: Option<String>,
    pub(crate) master_key: Option<String>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) admin_token: Option<String>,
    pub(crate) admin_name: AdminName,
    pub(crate) realtime_token_secret: Option<String>,
    pub(crate) retry_delays: Vec<Duration>,
    pub(crate) claim: Duration,
    pub(crate) provider_timeout: Duration,
    pub(crate) smtp_authorities: Option<Arc<str>>,
    pub(crate) log_format: LogFormat,
    pub(crate) access_log: AccessLog,
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) worker_threads: usize,
    pub(crate) allowed_origins: AllowedOrigins,
    /// What is given; else it depends on the command.
    pub(crate) demo: Option<DemoPage>,
    pub(crate) bootstrap: Option<Bootstrap>,
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

impl Settings {
    /// Reads the file, if there is one, and the environment.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let path = Path::new(FILE);
        let mut given = if path.exists() {
            let text = std::fs::read_to_string(path).with_context(|| format!("{FILE} cannot be read"))?;
            toml::from_str(&text).with_context(|| format!("{FILE} is not as it should be"))?
        } else {
            Given::default()
        };
        given.take_environment(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        given.parse()
    }
}

impl Given {
    fn take_environment(&mut self, read: impl Fn(&str) -> Option<String>) {
        macro_rules! take {
            ($($field:ident $name:literal),* $(,)?) => {
                $(if let Some(value) = read($name) { self.$field = Some(value.into()); })*
            };
        }
        take! {
            listen "ORQESTRA_LISTEN",
            data_dir "ORQESTRA_DATA_DIR",
            database_url "ORQESTRA_DATABASE_URL",
            migration_database_url "ORQESTRA_MIGRATION_DATABASE_URL",
            master_key "ORQESTRA_MASTER_KEY",
            master_key_file "ORQESTRA_MASTER_KEY_FILE",
            admin_token "ORQESTRA_ADMIN_TOKEN",
            admin_name "ORQESTRA_ADMIN_NAME",
            realtime_token_secret "ORQESTRA_CENTRIFUGO_TOKEN_SECRET",
            retry_delays "ORQESTRA_RETRY_DELAYS",
            claim_seconds "ORQESTRA_CLAIM_SECONDS",
            provider_timeout_seconds "ORQESTRA_PROVIDER_TIMEOUT_SECONDS",
            smtp_ca_file "ORQESTRA_SMTP_CA_FILE",
            log_format "ORQESTRA_LOG_FORMAT",
            access_log "ORQESTRA_ACCESS_LOG",
            otlp_endpoint "ORQESTRA_OTLP_ENDPOINT",
            worker_threads "ORQESTRA_WORKER_THREADS",
            allowed_origins "ORQESTRA_ALLOWED_ORIGINS",
            demo "ORQESTRA_DEMO",
            bootstrap_tenant_id "ORQESTRA_BOOTSTRAP_TENANT_ID",
            bootstrap_tenant_name "ORQESTRA_BOOTSTRAP_TENANT_NAME",
            bootstrap_api_key "ORQESTRA_BOOTSTRAP_API_KEY",
            bootstrap_webhook_secret "ORQESTRA_BOOTSTRAP_WEBHOOK_SECRET",
            bootstrap_rate_per_minute "ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE",
            bootstrap_daily_cap "ORQESTRA_BOOTSTRAP_DAILY_CAP",
        }
    }

    fn parse(self) -> anyhow::Result<Settings> {
        let bootstrap = self.bootstrap()?;
        let listen = self.listen.as_deref().unwrap_or("127.0.0.1:8080");
        let listen = listen
            .parse()
            .with_context(|| format!("listen: {listen} is no address and port, as in 127.0.0.1:8080"))?;
        if self.master_key.is_some() && self.master_key_file.is_some() {
            bail!("master_key and master_key_file: give one of the two");
        }
        if self.admin_token.as_ref().is_some_and(|token| token.len() < 16) {
            bail!("admin_token: must have at least 16 characters");
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
            claim: seconds("claim_seconds", self.claim_seconds.as_deref(), 60)?,
            provider_timeout: seconds(
                "provider_timeout_seconds",
                self.provider_timeout_seconds.as_deref(),
                30,
            )?,
            smtp_authorities: self.smtp_ca_file.as_deref().map(authorities).transpose()?,
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
                Some(given) => match number("worker_threads", given)? {
                    threads @ 1..=256 => threads,
                    _ => bail!("worker_threads: must be 1 to 256"),
                },
            },
            allowed_origins: AllowedOrigins::parse(self.allowed_origins.as_deref().unwrap_or_default())
                .context("allowed_origins")?,
            demo: match self.demo.as_deref() {
                None => None,
                Some("on") => Some(DemoPage::Served),
                Some("off") => Some(DemoPage::Absent),
                Some(other) => bail!("demo: {other} is neither on nor off"),
            },
            bootstrap,
        })
    }

    fn bootstrap(&self) -> anyhow::Result<Option<Bootstrap>> {
        let Some(id) = &self.bootstrap_tenant_id else { return Ok(None) };
        let id = id.parse().with_context(|| format!("bootstrap_tenant_id: {id} is no UUID"))?;
        let Some(api_key) = self.bootstrap_api_key.clone() else {
            bail!("bootstrap_api_key: needed beside bootstrap_tenant_id");
        };
        if api_key.len() < 16 || api_key.chars().any(|c| !c.is_ascii_graphic()) {
            bail!("bootstrap_api_key: must be at least 16 visible ASCII characters");
        }
        let name = self.bootstrap_tenant_name.as_deref().unwrap_or("Demo");
        let mut limits = Limits::default();
        if let Some(rate) = &self.bootstrap_rate_per_minute {
            limits.rate_per_minute = number("bootstrap_rate_per_minute", rate)?;
        }
        if let Some(cap) = &self.bootstrap_daily_cap {
            limits.daily_cap = Some(number("bootstrap_daily_cap", cap)?);
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

fn number<T: std::str::FromStr>(name: &str, text: &str) -> anyhow::Result<T> {
    text.parse().ok().with_context(|| format!("{name}: {text} is no number that fits"))
}

fn authorities(path: &Path) -> anyhow::Result<Arc<str>> {
    let text = std::fs::read_to_string(path);
    Ok(text.with_context(|| format!("smtp_ca_file: {} cannot be read", path.display()))?.into())
}

fn seconds(name: &str, text: Option<&str>, default: u64) -> anyhow::Result<Duration> {
    let seconds = text.map_or(Ok(default), |text| number(name, text))?;
    if (1..=3_600).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        bail!("{name}: must be 1 to 3600 seconds")
    }
}

/// Delays as in `5s,1m,2h`; units are ms, s, m and h.
fn retry_delays(text: &str) -> anyhow::Result<Vec<Duration>> {
    text.split(',')
        .map(str::trim)
        .map(|delay| {
            let unit = delay.trim_start_matches(|c: char| c.is_ascii_digit());
            let count: u64 = number("retry_delays", &delay[..delay.len() - unit.len()])?;
            match unit {
                "ms" => Ok(Duration::from_millis(count)),
                "s" => Ok(Duration::from_secs(count)),
                "m" => Ok(Duration::from_secs(count * 60)),
                "h" => Ok(Duration::from_secs(count * 3_600)),
                _ => bail!("retry_delays: {delay} has none of the units ms, s, m, h"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let mut given = Given::default();
        given.take_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        given.parse()
    }

    #[test]
    fn nothing_given_is_enough() {
        let settings = given(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.data_dir, Path::new("./.orqestra"));
        assert!(settings.bootstrap.is_none());
        assert!(settings.worker_threads >= 1);
    }

    #[test]
    fn an_error_names_the_setting() {
        let error = |pairs: &[(&str, &str)]| given(pairs).err().unwrap().to_string();
        assert!(error(&[("ORQESTRA_LISTEN", "8080")]).starts_with("listen: 8080"));
        assert!(error(&[("ORQESTRA_ADMIN_TOKEN", "short")]).starts_with("admin_token"));
        assert!(error(&[("ORQESTRA_BOOTSTRAP_TENANT_ID", "x")]).starts_with("bootstrap_tenant_id"));
        assert!(error(&[("ORQESTRA_RETRY_DELAYS", "5")]).starts_with("retry_delays"));
        assert!(error(&[("ORQESTRA_LOG_FORMAT", "xml")]).starts_with("log_format"));
        assert!(error(&[("ORQESTRA_ACCESS_LOG", "yes")]).starts_with("access_log"));
        assert!(error(&[("ORQESTRA_OTLP_ENDPOINT", "https://host")]).starts_with("otlp_endpoint"));
        assert!(error(&[("ORQESTRA_WORKER_THREADS", "0")]).starts_with("worker_threads"));
        assert!(error(&[("ORQESTRA_WORKER_THREADS", "many")]).starts_with("worker_threads"));
        assert!(error(&[("ORQESTRA_ALLOWED_ORIGINS", "shop.example")]).starts_with("allowed_origins"));
        assert!(error(&[("ORQESTRA_DEMO", "yes")]).starts_with("demo"));
        assert!(error(&[("ORQESTRA_ADMIN_NAME", "ops@example.com")]).starts_with("admin_name"));
    }

    #[test]
    fn a_bootstrap_tenant_is_read_whole() {
        let bootstrap = given(&[
            ("ORQESTRA_BOOTSTRAP_TENANT_ID", "0190b5a0-0000-7000-8000-000000000001"),
            ("ORQESTRA_BOOTSTRAP_TENANT_NAME", "YourApp"),
            ("ORQESTRA_BOOTSTRAP_API_KEY", "a-key-of-some-length"),
            ("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", "100"),
            ("ORQESTRA_BOOTSTRAP_DAILY_CAP", "5000"),
        ])
        .unwrap()
        .bootstrap
        .unwrap();
        assert_eq!(bootstrap.name.as_str(), "YourApp");
        assert_eq!(bootstrap.limits, Limits { rate_per_minute: 100, daily_cap: Some(5_000) });
        assert!(bootstrap.webhook_secret.is_none());
    }

    #[test]
    fn delays_are_read_with_their_units() {
        let delays = retry_delays("200ms, 5s,1m").unwrap();
        assert_eq!(delays, [200, 5_000, 60_000].map(Duration::from_millis));
    }

    #[test]
    fn the_file_refuses_a_name_it_does_not_know() {
        assert!(toml::from_str::<Given>("listne = \"x\"").is_err());
    }
}
