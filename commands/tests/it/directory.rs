//! The directory where the log cannot be reached, and where it holds what this program cannot read.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orqestra_commands::{Commands, DirectoryError, Registered, TenantPatch};
use orqestra_domain::tenant::Standing;
use orqestra_domain::{StreamId, TenantId};
use orqestra_event_log::{Append, Metadata, NewEvent, Outcome, Position, Ticket};
use serde_json::json;

use crate::support::{Line, World, ctx, in_time, shop};

/// Whether a request with this key would pass.
async fn passes(commands: &Commands, key: &str) -> Result<bool, DirectoryError> {
    commands.directory().fresh().await?;
    Ok(commands.directory().authenticate(key)?.is_some())
}

async fn revoke(commands: &Commands, registered: &Registered) {
    let patch = TenantPatch { revoke_api_key: Some(registered.api_key_id), ..TenantPatch::default() };
    commands.change_tenant(registered.tenant_id, patch, &ctx()).await.unwrap();
}

#[tokio::test]
async fn without_proof_for_a_second_the_head_is_read_first() {
    let world = World::new().await;
    let here = world.process().await;
    let registered = here.register_tenant(shop(), &ctx()).await.unwrap();
    let line = Line::new().await;
    let there = world.process_on(&line).await;
    assert!(passes(&there, &registered.api_key).await.unwrap());

    line.cut();
    revoke(&here, &registered).await;
    let second = Duration::from_secs(1);
    let proof = async |lasts: bool| {
        let turned = async {
            while (there.log().head_age() <= second) != lasts {
                tokio::task::yield_now().await;
            }
        };
        in_time(turned).await;
    };
    proof(false).await;
    for _ in 0..3 {
        let error = passes(&there, &registered.api_key).await.expect_err("nobody can know");
        assert!(error.passes(), "{error}");
    }

    // The head is known again, but not yet what stands before it.
    line.mend();
    proof(true).await;
    assert!(!passes(&there, &registered.api_key).await.unwrap(), "a key that was revoked meanwhile");
}

#[tokio::test]
async fn a_revoked_key_is_told_when_it_is_revoked_and_not_at_a_later_start() {
    let world = World::new().await;
    let here = world.process().await;
    let registered = here.register_tenant(shop(), &ctx()).await.unwrap();
    let lines = Lines::default();
    let captured = lines.capture();
    revoke(&here, &registered).await;
    assert_eq!(lines.with("API key revoked").len(), 1);
    let later = world.process().await;
    assert!(!passes(&later, &registered.api_key).await.unwrap());
    drop(captured);
    assert_eq!(lines.with("API key revoked").len(), 1, "the second process has read an old event");
}

/// Appends an event to a tenant's stream that no program has.
async fn vanish(commands: &Commands, tenant: TenantId) -> Position {
    let stream = StreamId::tenant(tenant);
    let before = commands.log().load("Tenant", &stream).await.unwrap().len();
    let event = NewEvent {
        event_type: "TenantVanished".to_owned(),
        event_version: "1.0.0".to_owned(),
        payload: json!({"TenantVanished": {}}),
        metadata: Metadata::default(),
    };
    let append = Append {
        aggregate_type: "Tenant".to_owned(),
        aggregate_id: stream.as_str().to_owned(),
        expected: i64::try_from(before).unwrap(),
        events: vec![event],
        ticket: Ticket::default(),
    };
    let Outcome::Recorded(recorded) = commands.log().append(append).await else { panic!("it is stored") };
    recorded.first
}

/// What this thread logs from here on.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let lines = self.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || lines.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }

    fn with(&self, word: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_read_halts_its_tenant_and_no_other() {
    let world = World::new().await;
    let lines = Lines::default();
    let captured = lines.capture();
    let (here, there) = (world.process().await, world.process().await);
    let halted = here.register_tenant(shop(), &ctx()).await.unwrap();
    let other = here.register_tenant(shop(), &ctx()).await.unwrap();
    let position = vanish(&here, halted.tenant_id).await;
    vanish(&here, halted.tenant_id).await;

    // Changes of others hold at once in the answering process, and reach all.
    let patch = TenantPatch { standing: Some(Standing::Inactive), ..TenantPatch::default() };
    in_time(here.change_tenant(other.tenant_id, patch, &ctx())).await.unwrap();
    assert!(!here.directory().tenant(other.tenant_id).unwrap().record.active);
    there.directory().wait_for(here.log().fetch_head().await.unwrap()).await.unwrap();
    assert!(!there.directory().tenant(other.tenant_id).unwrap().record.active);
    drop(captured);
    let told = lines.with("ERROR");
    assert_eq!(told.len(), 2, "one line a process: {told:?}");
    let place = format!("event.position={position}");
    assert!(told.iter().all(|line| line.contains(&place)), "{place} in {told:?}");

    // Also in a process that starts with it in the log.
    for commands in [here, there, world.process().await] {
        let refused = passes(&commands, &halted.api_key).await;
        let first = matches!(refused, Err(DirectoryError::Unreadable { position: at }) if at == position);
        assert!(first, "{refused:?}");
        assert!(passes(&commands, &other.api_key).await.unwrap());
    }
}
