//! Brings the payload of an event's older shape to the present one, with nothing but the event itself.
//!
//! Pure, so that every process comes to the same values. Shapes that only lack optional fields need nothing here.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::channel::Channel;
use crate::event::FIRST_VERSION;
use crate::id::{ProviderInstanceId, StreamId, TenantId};
use crate::provider::{HUB, HUB_INSTANCE, SANDBOX, SANDBOX_INSTANCE};

/// Whether events of this type and version have an older shape that [`upcast`] brings up.
pub fn is_older(event_type: &str, event_version: &str) -> bool {
    event_version == FIRST_VERSION && matches!(event_type, "AttemptStarted" | "ProvidersSet")
}

/// Brings a payload for which [`is_older`] holds to the present shape. One that is not as its type says stays as it is,
/// for the reader to reject.
pub fn upcast(aggregate_id: &str, event_type: &str, payload: &mut Value) {
    let tenant = StreamId::split(aggregate_id).map(|(tenant, _)| tenant);
    let Some(Value::Object(fields)) = payload.get_mut(event_type) else { return };
    match (event_type, tenant) {
        ("AttemptStarted", _) => attempt_started(fields),
        ("ProvidersSet", Some(tenant)) => providers_set(tenant, fields),
        _ => {}
    }
}

/// The sandbox and the inbox kept each delivery once from the first version on.
fn attempt_started(fields: &mut Map<String, Value>) {
    let instance = match fields.get("provider").and_then(Value::as_str) {
        Some(SANDBOX) => SANDBOX_INSTANCE,
        Some(HUB) => HUB_INSTANCE,
        Some(_) | None => return,
    };
    fields.entry("instance").or_insert_with(|| json!(instance));
    fields.entry("dedup").or_insert_with(|| json!({}));
}

/// Gives each entry an instance by its server, and by its turn among entries of the same server: the user name is sealed.
fn providers_set(tenant: TenantId, fields: &mut Map<String, Value>) {
    let channel: Option<Channel> = fields.get("channel").and_then(Value::as_str).and_then(|c| c.parse().ok());
    let (Some(channel), Some(Value::Array(entries))) = (channel, fields.get_mut("providers")) else { return };
    let mut turns: HashMap<String, usize> = HashMap::new();
    for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
        let part = |name: &str| entry.get(name).map(Value::to_string).unwrap_or_default();
        let instance = if entry.get("kind").and_then(Value::as_str) == Some(SANDBOX) {
            SANDBOX_INSTANCE
        } else {
            let server = format!("{}|{}|{}", part("kind"), part("host"), part("port"));
            let turn = turns.entry(server.clone()).or_default();
            *turn += 1;
            ProviderInstanceId::of(tenant, channel, &format!("1.0.0|{server}|{turn}"))
        };
        entry.entry("instance").or_insert_with(|| json!(instance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AnyEvent;
    use crate::tenant::TenantEvent;

    fn instances(tenant: u128, providers: &Value) -> Vec<String> {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(tenant));
        let mut payload = json!({"ProvidersSet": {
            "channel": "EMAIL", "providers": providers, "at": "2026-04-22T12:00:01.000000Z",
        }});
        upcast(StreamId::tenant(tenant).as_str(), "ProvidersSet", &mut payload);
        let AnyEvent::Tenant(TenantEvent::ProvidersSet(set)) = AnyEvent::read("Tenant", payload).unwrap()
        else {
            panic!("another event")
        };
        set.providers.iter().map(|entry| entry.instance.to_string()).collect()
    }

    fn smtp(port: u16) -> Value {
        json!({"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none"})
    }

    #[test]
    fn entries_of_old_events_get_the_same_instance_every_time_whatever_their_order() {
        let sandbox = json!({"kind": "sandbox"});
        let told = instances(1, &json!([smtp(25), sandbox, smtp(26)]));
        assert_eq!(instances(1, &json!([smtp(26), smtp(25), sandbox])), [&*told[2], &*told[0], &*told[1]]);
        assert_eq!(told[0], "e3232d77-6d10-5ae6-9c4d-f2f9bdc45ccc", "a derived id never changes");
        assert_eq!(told[1], SANDBOX_INSTANCE.to_string());
    }

    #[test]
    fn two_servers_of_a_tenant_and_one_server_of_two_tenants_are_different_instances() {
        let told = instances(1, &json!([smtp(25), smtp(25), smtp(26)]));
        assert!(told[0] != told[1] && told[1] != told[2] && told[0] != told[2]);
        assert_ne!(instances(2, &json!([smtp(25)]))[0], told[0]);
    }
}
