//! The running engine: whether it answers at its address, and what it says of itself.

use serde_json::Value;

use super::Finding;
use crate::keep;
use crate::remote::{Address, Client, NoEngine, Refused, Source, Where, local_url};
use crate::settings::Settings;

/// Asks `/readyz`. That none runs is no fault.
pub(super) async fn look(at: &Where, settings: &Settings) -> Finding {
    let at = match at.find(settings) {
        Ok(at) => at,
        Err(error) => {
            let found = format!("not asked: {error:#}");
            return if keep::announced(&settings.data_dir).is_err() {
                Finding::amiss("engine", found, "see who could have left that file, and remove it")
            } else {
                Finding::ok("engine", found)
            };
        }
    };
    let told = at.to_string();
    let client = match Client::new(at) {
        Ok(client) => client,
        Err(error) => return Finding::amiss("engine", format!("not asked: {error:#}"), "correct it"),
    };
    match tokio::time::timeout(super::ANSWER_WITHIN, client.get("/readyz")).await {
        Err(_) => {
            let found = format!("does not answer in time at {told}");
            Finding::amiss("engine", found, "look at its log; start it again")
        }
        Ok(Ok(answer)) => said(&told, &answer.body),
        Ok(Err(error)) => match error.downcast_ref::<Refused>() {
            Some(refused) if refused.body["code"] == "no_such_route" => elsewhere(&told, settings).await,
            Some(refused) => said(&told, &refused.body),
            None if error.downcast_ref::<NoEngine>().is_some() => {
                Finding::ok("engine", format!("none answers at {told}; `orqestra up` starts one"))
            }
            None => stranger(&told),
        },
    }
}

/// Asks where the settings have the probes.
async fn elsewhere(engine: &str, settings: &Settings) -> Finding {
    let Some(probes) = settings.probes_listen.filter(|probes| probes.port() != 0) else {
        let found = format!("answers at {engine}, and says elsewhere whether it is ready");
        return Finding::amiss("engine", found, "set ORQESTRA_PROBES_LISTEN as that engine has it");
    };
    let at = Address { url: local_url(probes), source: Source::Settings };
    let told = at.to_string();
    let silent = || {
        let found = format!("answers at {engine}, and its probes do not at {told}");
        Finding::amiss("engine", found, "set ORQESTRA_PROBES_LISTEN as that engine has it")
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

fn said(url: &str, body: &Value) -> Finding {
    let Some(status) = body["status"].as_str() else { return stranger(url) };
    if status == "ready" {
        return Finding::ok("engine", format!("is ready at {url}"));
    }
    let parts = body["degraded"].as_array().cloned().unwrap_or_default();
    let text = |part: &Value, field: &str| part[field].as_str().unwrap_or("?").to_owned();
    let reasons: Vec<_> =
        parts.iter().map(|part| format!("{}: {}", text(part, "part"), text(part, "reason"))).collect();
    let mut what: Vec<_> = parts.iter().map(|part| what_to_do(&text(part, "part"))).collect();
    what.dedup();
    Finding::amiss("engine", format!("is {status} at {url}: {}", reasons.join("; ")), what.join("; "))
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
        let found = said("http://engine", &body);
        assert!(!found.ok);
        assert_eq!(found.found, "is degraded at http://engine: clock: off; dispatch: behind");
        assert!(found.what_to_do.starts_with("set this machine's clock"), "{}", found.what_to_do);
    }

    #[test]
    fn what_says_nothing_of_readiness_is_no_engine() {
        assert!(said("http://engine", &json!({"status": "ready", "degraded": []})).ok);
        assert!(said("http://engine", &json!({"hello": "world"})).found.ends_with("is no engine"));
    }
}
