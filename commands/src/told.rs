//! The metadata of every event: actor, request and trace, cause, program and process.
//!
//! The text is written once for each event, in canonical order; the part that is the same for the whole process is
//! prepared. Nothing personal gets into it.

use orqestra_domain::shapes::PROGRAM;
use orqestra_domain::{RecipientRef, Timestamp};
use orqestra_event_log::{Ids, MetadataText, Told};
use uuid::Uuid;

use crate::context::{Actor, Context};
use crate::trace::Trace;

/// Names the cause of each event, by the events and their ids.
pub(crate) type Causes<'a, E> = dyn Fn(&[E], &[Uuid]) -> Vec<Option<Uuid>> + Sync + 'a;

/// The context of one command's events.
pub(crate) struct Beside<'a, E> {
    pub(crate) ctx: &'a Context,
    /// The trace of the request that the stream began with, for what the engine does by itself.
    pub(crate) trace: Option<&'a Trace>,
    pub(crate) recipient: Option<&'a RecipientRef>,
    pub(crate) causes: &'a Causes<'a, E>,
}

/// This process, as its events name it.
#[derive(Debug)]
pub(crate) struct Stamp {
    pub(crate) process: Uuid,
    constant: String,
}

impl Stamp {
    pub(crate) fn new(process: Uuid) -> Self {
        let mut constant = MetadataText::with_capacity(128);
        constant.member("process", &process.to_string());
        constant.member("program", PROGRAM);
        Self { process, constant: constant.into_members() }
    }

    /// Gives each event its id and its metadata.
    pub(crate) fn tell<E>(
        &self,
        beside: &Beside<'_, E>,
        events: &[E],
        ids: &dyn Ids,
        now: Timestamp,
    ) -> Vec<Told> {
        let event_ids: Vec<Uuid> = events.iter().map(|_| ids.uuid_v7(now)).collect();
        let causes = (beside.causes)(events, &event_ids);
        let actor = beside.ctx.actor.to_string();
        let trace = beside.ctx.trace.as_deref().or(beside.trace);
        let request =
            trace.map_or_else(|| ids.uuid_v7(now).to_string(), |trace| trace.request_id().to_owned());
        let parent = trace.and_then(Trace::parent).map(|parent| parent.to_string());
        let recipient = beside.recipient.map(ToString::to_string);
        let tell = |(event_id, cause): (Uuid, Option<Uuid>)| {
            let mut text = MetadataText::with_capacity(512);
            text.member("actor", &actor);
            if let Some(cause) = cause {
                text.member("causation", &cause.to_string());
            }
            text.members(&self.constant);
            if let Some(recipient) = &recipient {
                text.member("recipientRef", recipient);
            }
            text.member("requestId", &request);
            if let Some(reference) = trace.and_then(Trace::request_ref) {
                text.member("requestRef", reference);
            }
            if let Some(given) = trace.and_then(Trace::given) {
                text.member("traceId", given);
            }
            if let Some(reference) = trace.and_then(Trace::given_ref) {
                text.member("traceRef", reference);
            }
            if let Some(parent) = &parent {
                text.member("traceparent", parent);
            }
            Told { event_id, metadata: text.finish() }
        };
        event_ids.into_iter().zip(causes).map(tell).collect()
    }
}

/// The causes of a command's events on a stream that no other event leads to: what the engine does by itself follows from
/// the command's first event, what a caller asked for has no cause in the log.
pub(crate) fn from_the_first(actor: &Actor, ids: &[Uuid]) -> Vec<Option<Uuid>> {
    let by_engine = matches!(actor, Actor::Engine(_));
    let first = ids.first().copied().filter(|_| by_engine);
    ids.iter().map(|id| first.filter(|first| first != id)).collect()
}

#[cfg(test)]
mod tests {
    use orqestra_event_log::source::SystemIds;

    use super::*;

    #[test]
    fn every_event_names_actor_request_program_and_process() {
        let stamp = Stamp::new(Uuid::from_u128(7));
        let ctx = Context::engine("test");
        let causes = |_: &[u8], ids: &[Uuid]| from_the_first(&Actor::Engine("test"), ids);
        let beside = Beside { ctx: &ctx, trace: None, recipient: None, causes: &causes };
        let told = stamp.tell(&beside, &[1, 2], &SystemIds, Timestamp::EPOCH);
        let [first, second] = &told[..] else { panic!("two events") };
        for one in [first, second] {
            let entries = one.metadata.entries();
            assert_eq!(entries["actor"], "engine:test");
            assert_eq!(entries["program"], PROGRAM);
            assert_eq!(entries["process"], Uuid::from_u128(7).to_string());
            assert!(entries.contains_key("requestId"));
        }
        assert_eq!(first.metadata.get("causation"), None);
        assert_eq!(second.metadata.get("causation"), Some(first.event_id.to_string()));
    }
}
