//! The running engine: whether it answers at its address, and what it says of itself.

use serde_json::Value;
use uuid::Uuid;

use super::Finding;
use crate::keep;
use crate::remote::{Address, Client, NoEngine, Refused, Source, Where, plain};
use crate::settings::Settings;

/// A look at the engine.
pub(super) struct Seen {
    finding: Finding,
    /// Where it answers, and the id of its log, where it says so.
    runs: Option<(String, Option<String>)>,
    /// Whether it was asked for by its address.
    named: bool,
}

impl From<Finding> for Seen {
    fn from(finding: Finding) -> Self {
        Self { finding, runs: None, named: false }
    }
}

impl Seen {
    /// Returns the finding, once it is known whether the database of these settings answers, and as which log: an engine
    /// of another installation may have taken the address.
    pub(super) fn beside(self, database: &Database) -> Finding {
        let Some((at, Some(theirs))) = self.runs else { return self.finding };
        let found = match database {
            Database::Is(ours) if *ours == theirs => return self.finding,
            Database::Is(ours) => {
                format!(
                    "what answers at {at} is another installation's: its log is {theirs}, and that of these settings {ours}"
                )
            }
            // An engine that brings its database runs no longer than this.
            Database::PrivateAndDown if !self.named => {
                format!(
                    "what answers at {at} is another installation's: the database of this data folder does not run"
                )
            }
            Database::PrivateAndDown | Database::Unknown => return self.finding,
        };
        let what = "name this installation's engine by --url or ORQESTRA_URL, give it an ORQESTRA_LISTEN of its own, or set \
                    ORQESTRA_DATA_DIR or ORQESTRA_DATABASE_URL to what the other one has";
        Finding::amiss("engine", found, what)
    }
}

/// The database that these settings lead to.
pub(super) enum Database {
    /// It answers, and its log has this id.
    Is(String),
    /// It is the data folder's own, and nothing answers.
    PrivateAndDown,
    /// It does not say.
    Unknown,
}

/// Asks `/readyz`. That none runs is no fault.
pub(super) async fn look(at: &Where, settings: &Settings) -> Seen {
    let at = match at.find(settings) {
        Ok(at) => at,
        Err(error) => {
            let found = format!("not asked: {error:#}");
            return if keep::announced(&settings.data_dir).is_err() {
                Finding::amiss("engine", found, "see who could have left that file, and remove it").into()
            } else {
                Finding::ok("engine", found).into()
            };
        }
    };
    let named = matches!(at.source, Source::Flag | Source::Variable);
    Seen { named, ..ask(at, settings).await }
}

async fn ask(at: Address, settings: &Settings) -> Seen {
    let told = at.to_string();
    let client = match Client::new(at) {
        Ok(client) => client,
        Err(error) => {
            return Finding::amiss("engine", format!("not asked: {error:#}"), "correct it").into();
        }
    };
    match tokio::time::timeout(super::ANSWER_WITHIN, client.get("/readyz")).await {
        Err(_) => {
            let found = format!("does not answer in time at {told}");
            Finding::amiss("engine", found, "look at its log; start it again").into()
        }
        Ok(Ok(answer)) => said(&told, &answer.body),
        Ok(Err(error)) => match error.downcast_ref::<Refused>() {
            Some(refused) if refused.body["code"] == "no_such_route" => elsewhere(&told, settings).await,
            Some(refused) => said(&told, &refused.body),
            None if error.downcast_ref::<NoEngine>().is_some() => {
                Finding::ok("engine", format!("none answers at {told}; `orqestra up` starts one")).into()
            }
            None => stranger(&told).into(),
        },
    }
}

/// Asks where the settings have the probes.
async fn elsewhere(engine: &str, settings: &Settings) -> Seen {
    let Some(probes) = settings.probes_listen.as_ref().filter(|probes| probes.port() != 0) else {
        let found = format!("answers at {engine}, and says elsewhere whether it is ready");
        return Finding::amiss("engine", found, "set ORQESTRA_PROBES_LISTEN as that engine has it").into();
    };
    let at = Address { url: probes.url(), source: Source::Settings };
    let told = at.to_string();
    let silent = || {
        let found = format!("answers at {engine}, and its probes do not at {told}");
        Finding::amiss("engine", found, "set ORQESTRA_PROBES_LISTEN as that engine has it").into()
    };
    let asked = async { Client::new(at)?.get("/readyz").await };
    match tokio::time::timeout(super::ANSWER_WITHIN, asked).await {
        Ok(Ok(answer)) => said(&told, &answer.body),
        Ok(Err(error)) => match error.downcast_ref::<Refused>() {
            Some(refused) => said(&told, &refused.body),
            None => silent(),
        },
        Err(_) => silent(),
    }
}

fn stranger(url: &str) -> Finding {
    let found = format!("what answers at {url} is no engine");
    Finding::amiss(
        "engine",
        found,
        "set ORQESTRA_LISTEN to an address of its own, or ORQESTRA_URL to the engine's",
    )
}

fn said(url: &str, body: &Value) -> Seen {
    let Some(status) = body["status"].as_str() else { return stranger(url).into() };
    let log = body["logId"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    Seen {
        finding: stands(url, status, body),
        runs: Some((url.to_owned(), log.map(|id| id.to_string()))),
        named: false,
    }
}

fn stands(url: &str, status: &str, body: &Value) -> Finding {
    if status == "ready" {
        return Finding::ok("engine", format!("is ready at {url}"));
    }
    let parts = body["degraded"].as_array().cloned().unwrap_or_default();
    let text = |part: &Value, field: &str| plain(part[field].as_str().unwrap_or("?"));
    let reasons: Vec<_> =
        parts.iter().map(|part| format!("{}: {}", text(part, "part"), text(part, "reason"))).collect();
    let mut what: Vec<_> = parts.iter().map(|part| what_to_do(&text(part, "part"))).collect();
    what.dedup();
    let found = format!("is {} at {url}: {}", plain(status), reasons.join("; "));
    Finding::amiss("engine", found, what.join("; "))
}

fn what_to_do(part: &str) -> &'static str {
    match part {
        "log" => "see what is said of the database",
        "clock" => "set this machine's clock and the database's by the same time server",
        "projection" | "dispatch" => {
            "it goes on by itself; if it does not, look at its log, or start processes with this role (docs/scaling.md)"
        }
        _ => "look at the engine's log",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_degraded_engine_is_amiss_with_its_reasons_and_what_to_do() {
        let body = json!({"status": "degraded", "degraded": [
            {"part": "clock", "reason": "off"}, {"part": "dispatch", "reason": "behind"}]});
        let found = said("http://engine", &body).finding;
        assert!(!found.ok);
        assert_eq!(found.found, "is degraded at http://engine: clock: off; dispatch: behind");
        assert!(found.what_to_do.starts_with("set this machine's clock"), "{}", found.what_to_do);
    }

    #[test]
    fn what_says_nothing_of_readiness_is_no_engine() {
        assert!(said("http://engine", &json!({"status": "ready", "degraded": []})).finding.ok);
        assert!(said("http://engine", &json!({"hello": "world"})).finding.found.ends_with("is no engine"));
    }

    #[test]
    fn an_engine_of_another_installation_is_told_from_this_ones() {
        const OURS: &str = "0190b5a0-0000-7000-8000-000000000001";
        const THEIRS: &str = "0190b5a0-0000-7000-8000-000000000002";
        let answers = |log: Option<&str>| {
            let body = json!({"status": "ready", "degraded": [], "logId": log});
            said("http://engine", &body)
        };
        let is = |log: &str| Database::Is(log.to_owned());
        for (log, database, other) in [
            (Some(OURS), is(OURS), None),
            (Some(THEIRS), is(OURS), Some("its log is 0190b5a0-0000-7000-8000-000000000002")),
            (Some(THEIRS), Database::PrivateAndDown, Some("database of this data folder does not run")),
            (Some(THEIRS), Database::Unknown, None),
            // One of a version that does not say.
            (None, is(OURS), None),
            (None, Database::PrivateAndDown, None),
        ] {
            let found = answers(log).beside(&database);
            assert_eq!(found.ok, other.is_none(), "{found:?}");
            assert!(other.is_none_or(|told| found.found.contains(told)), "{found:?}");
        }
        let named = Seen { named: true, ..answers(Some(THEIRS)) };
        assert!(named.beside(&Database::PrivateAndDown).ok, "one that was asked for by its address");
        let down = stranger("http://engine");
        assert!(Seen::from(down).beside(&is(OURS)).found.ends_with("is no engine"));
    }
}
