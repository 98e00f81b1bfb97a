//! The settings file and the environment as text, before any of it is parsed; and the names of settings.
//!
//! Invariant: an error names the setting, the line and what was expected, and repeats no value: it may be a secret.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use super::FILE;

/// Settings by their names in the file and in the environment.
macro_rules! names {
    ($($field:ident $name:literal),* $(,)?) => {
        /// Every setting: its name in the file, and in the environment.
        const NAMES: &[(&str, &str)] = &[$((stringify!($field), $name)),*];

        impl Given {
            /// Lets the environment speak over the file.
            pub(super) fn take_environment(&mut self, read: impl Fn(&str) -> Option<String>) {
                $(if let Some(value) = read($name) { self.$field = Some(value.into()); })*
            }

            /// The names in the file of the settings that are given.
            pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
                let all = [$((stringify!($field), self.$field.is_some())),*];
                all.into_iter().filter_map(|(name, given)| given.then_some(name))
            }
        }
    };
}

names! {
    listen "ORQESTRA_LISTEN",
    probes_listen "ORQESTRA_PROBES_LISTEN",
    peer_connections "ORQESTRA_PEER_CONNECTIONS",
    data_dir "ORQESTRA_DATA_DIR",
    database_url "ORQESTRA_DATABASE_URL",
    migration_database_url "ORQESTRA_MIGRATION_DATABASE_URL",
    master_key "ORQESTRA_MASTER_KEY",
    master_key_file "ORQESTRA_MASTER_KEY_FILE",
    admin_token "ORQESTRA_ADMIN_TOKEN",
    admin_name "ORQESTRA_ADMIN_NAME",
    realtime_token_secret "ORQESTRA_CENTRIFUGO_TOKEN_SECRET",
    retry_delays "ORQESTRA_RETRY_DELAYS",
    wait_at_most "ORQESTRA_WAIT_AT_MOST",
    claim_seconds "ORQESTRA_CLAIM_SECONDS",
    provider_timeout_seconds "ORQESTRA_PROVIDER_TIMEOUT_SECONDS",
    smtp_ca_file "ORQESTRA_SMTP_CA_FILE",
    smtp_private_hosts "ORQESTRA_SMTP_PRIVATE_HOSTS",
    log_format "ORQESTRA_LOG_FORMAT",
    access_log "ORQESTRA_ACCESS_LOG",
    otlp_endpoint "ORQESTRA_OTLP_ENDPOINT",
    worker_threads "ORQESTRA_WORKER_THREADS",
    allowed_origins "ORQESTRA_ALLOWED_ORIGINS",
    trusted_proxies "ORQESTRA_TRUSTED_PROXIES",
    public_url "ORQESTRA_PUBLIC_URL",
    demo "ORQESTRA_DEMO",
    redis_url "ORQESTRA_REDIS_URL",
    kafka_brokers "ORQESTRA_KAFKA_BROKERS",
    kafka_topic_prefix "ORQESTRA_KAFKA_TOPIC_PREFIX",
    kafka_partitions "ORQESTRA_KAFKA_PARTITIONS",
    kafka_replication "ORQESTRA_KAFKA_REPLICATION",
    kafka_retention "ORQESTRA_KAFKA_RETENTION",
    kafka_configuration_topic "ORQESTRA_KAFKA_CONFIGURATION_TOPIC",
    kafka_consumers "ORQESTRA_KAFKA_CONSUMERS",
    kafka_tls "ORQESTRA_KAFKA_TLS",
    kafka_ca_file "ORQESTRA_KAFKA_CA_FILE",
    kafka_certificate_file "ORQESTRA_KAFKA_CERTIFICATE_FILE",
    kafka_key_file "ORQESTRA_KAFKA_KEY_FILE",
    kafka_sasl_mechanism "ORQESTRA_KAFKA_SASL_MECHANISM",
    kafka_sasl_username "ORQESTRA_KAFKA_SASL_USERNAME",
    kafka_sasl_password "ORQESTRA_KAFKA_SASL_PASSWORD",
    kafka_sasl_password_file "ORQESTRA_KAFKA_SASL_PASSWORD_FILE",
    bootstrap_tenant_id "ORQESTRA_BOOTSTRAP_TENANT_ID",
    bootstrap_tenant_name "ORQESTRA_BOOTSTRAP_TENANT_NAME",
    bootstrap_api_key "ORQESTRA_BOOTSTRAP_API_KEY",
    bootstrap_webhook_secret "ORQESTRA_BOOTSTRAP_WEBHOOK_SECRET",
    bootstrap_rate_per_minute "ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE",
    bootstrap_daily_cap "ORQESTRA_BOOTSTRAP_DAILY_CAP",
}

/// What the file may hold; every name is also an environment variable, `ORQESTRA_` before it and in capitals.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Given {
    pub(super) listen: Option<String>,
    pub(super) probes_listen: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) peer_connections: Option<String>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) database_url: Option<String>,
    pub(super) migration_database_url: Option<String>,
    pub(super) master_key: Option<String>,
    pub(super) master_key_file: Option<PathBuf>,
    pub(super) admin_token: Option<String>,
    pub(super) admin_name: Option<String>,
    pub(super) realtime_token_secret: Option<String>,
    pub(super) retry_delays: Option<String>,
    pub(super) wait_at_most: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) claim_seconds: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) provider_timeout_seconds: Option<String>,
    pub(super) smtp_ca_file: Option<PathBuf>,
    pub(super) smtp_private_hosts: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) access_log: Option<String>,
    pub(super) otlp_endpoint: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) worker_threads: Option<String>,
    pub(super) allowed_origins: Option<String>,
    pub(super) trusted_proxies: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) demo: Option<String>,
    pub(super) redis_url: Option<String>,
    pub(super) kafka_brokers: Option<String>,
    pub(super) kafka_topic_prefix: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) kafka_partitions: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) kafka_replication: Option<String>,
    pub(super) kafka_retention: Option<String>,
    pub(super) kafka_configuration_topic: Option<String>,
    pub(super) kafka_consumers: Option<String>,
    pub(super) kafka_tls: Option<String>,
    pub(super) kafka_ca_file: Option<PathBuf>,
    pub(super) kafka_certificate_file: Option<PathBuf>,
    pub(super) kafka_key_file: Option<PathBuf>,
    pub(super) kafka_sasl_mechanism: Option<String>,
    pub(super) kafka_sasl_username: Option<String>,
    pub(super) kafka_sasl_password: Option<String>,
    pub(super) kafka_sasl_password_file: Option<PathBuf>,
    pub(super) bootstrap_tenant_id: Option<String>,
    pub(super) bootstrap_tenant_name: Option<String>,
    pub(super) bootstrap_api_key: Option<String>,
    pub(super) bootstrap_webhook_secret: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) bootstrap_rate_per_minute: Option<String>,
    #[serde(deserialize_with = "text_or_number")]
    pub(super) bootstrap_daily_cap: Option<String>,
}

impl Given {
    /// Reads the file's text.
    pub(super) fn of_file(text: &str) -> anyhow::Result<Self> {
        // The parser's excerpt of the text may be a secret, so only line and reason are told.
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            anyhow::anyhow!("{FILE}, line {line}: {}", error.message())
        })?;
        for (name, value) in &table {
            let known = NAMES.iter().any(|(known, _)| known == name);
            let meant = || nearest(name, NAMES.iter().map(|(known, _)| *known));
            ensure!(known, "{FILE}: {} is not a setting{}", name.escape_debug(), instead(meant()));
            let number = NUMBERS.contains(&name.as_str());
            match value {
                Value::String(_) => {}
                Value::Integer(_) if number => {}
                other => {
                    let expected = if number { "a whole number, or one in quotes" } else { "text in quotes" };
                    bail!(
                        "{FILE}: {name}: expected {expected}, got a value of the type {}",
                        other.type_str()
                    );
                }
            }
        }
        table.try_into().ok().with_context(|| format!("{FILE} is not as it should be"))
    }
}

/// Variables of this program that are not settings of an engine.
const OTHERS: [&str; 5] =
    ["ORQESTRA_URL", "ORQESTRA_API_KEY", "ORQESTRA_WEBHOOK_SECRET", "ORQESTRA_PG_BIN", "ORQESTRA_FAIL_POINT"];
/// Settings that are numbers.
const NUMBERS: [&str; 8] = [
    "peer_connections",
    "claim_seconds",
    "provider_timeout_seconds",
    "worker_threads",
    "kafka_partitions",
    "kafka_replication",
    "bootstrap_rate_per_minute",
    "bootstrap_daily_cap",
];
/// The beginning of the names of this program's variables.
const PREFIX: &str = "ORQESTRA_";
/// How alike a misspelt name is to the one that is meant: 1 is the same.
const ALIKE: f64 = 0.6;

/// A setting by its name in the file and in the environment.
pub(super) fn named(name: &str) -> String {
    let variable = NAMES.iter().find(|(field, _)| *field == name).map_or("", |(_, variable)| variable);
    format!("{name} ({variable})")
}

/// Returns a warning for each variable that looks like this program's and is not, without its value.
pub(crate) fn unknown(variables: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let known = || NAMES.iter().map(|(_, name)| *name).chain(OTHERS);
    let mut told: Vec<_> = variables
        .filter(|(name, value)| name.starts_with(PREFIX) && !of_kubernetes(name, value))
        .filter(|(name, _)| known().all(|known| known != name))
        .map(|(name, _)| {
            let hint = NAMES.iter().find(|(field, _)| *field == name[PREFIX.len()..].to_lowercase());
            let meant = hint.map(|(_, variable)| *variable).or_else(|| nearest(&name, known()));
            format!("{} is not a variable of this program{}", name.escape_debug(), instead(meant))
        })
        .collect();
    told.sort();
    told
}

/// Kubernetes puts variables of each service into each pod: of one that is named `orqestra`, these.
fn of_kubernetes(name: &str, value: &str) -> bool {
    let port =
        name.split_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let service = name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    port || service || (name.ends_with("_PORT") && value.contains("://"))
}

/// The known name that is most like this one, if any is.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|known| (alike(known, name), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// How alike two names are, letter by letter: the common beginning of all of them counts for nothing.
fn alike(known: &str, name: &str) -> f64 {
    let own = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    strsim::normalized_damerau_levenshtein(&own(known), &own(name))
}

fn instead(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"))
}

/// A number of the file may stand without quotes.
fn text_or_number<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(value)? {
        Value::Integer(number) => Some(number.to_string()),
        Value::String(text) => Some(text),
        _ => return Err(serde::de::Error::custom("expected a whole number, or one in quotes")),
    })
}
