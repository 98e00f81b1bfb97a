//! Redrives: asked for, stopped, ended. What is requeued meanwhile is each delivery's own command.

use cqrs_es::EventStore as _;
use orqestra_domain::redrive::{
    DeadLetterFilter, Redrive, RedriveCommand, RedriveEnded, RedriveRefusal, RedriveRequested,
    RedriveStopped, Refused,
};
use orqestra_domain::{DeliveryId, RedriveId, StreamId, TenantId};
use orqestra_event_log::{Position, Ticket};
use orqestra_vault::FieldContext;

use crate::context::Context;
use crate::error::CommandError;
use crate::execute::{Commands, NotRecorded, not_loaded, tenant_key_error};
use crate::record_reading::{REASON_FIELD, Reason};

/// A request for a redrive.
#[derive(Clone, Debug)]
pub struct RequestRedrive {
    /// These deliveries; those of the filter where `None`.
    pub deliveries: Option<Vec<DeliveryId>>,
    /// Selects them otherwise.
    pub filter: DeadLetterFilter,
    /// True for a dry run: nothing is requeued.
    pub dry_run: bool,
    /// The operator's reason.
    pub reason: Reason,
}

type Result<T> = std::result::Result<T, CommandError<RedriveRefusal>>;

impl Commands {
    /// Records that a redrive is asked for. It runs once dispatch has read that.
    ///
    /// # Errors
    /// `UnknownTenant`; the log's failure.
    pub async fn request_redrive(
        &self,
        tenant: TenantId,
        request: RequestRedrive,
        ctx: &Context,
    ) -> Result<(RedriveId, Position, RedriveRequested)> {
        self.directory().tenant(tenant).ok_or(CommandError::UnknownTenant)?;
        let at = self.now();
        let id = RedriveId::from_uuid(self.ids().uuid_v7(at));
        let stream = StreamId::redrive(tenant, id);
        let key = self.vault().tenant_key(tenant).await.map_err(tenant_key_error)?;
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: REASON_FIELD };
        let reason = self.vault().seal(&key, &place, request.reason.as_str().as_bytes());
        let (deliveries, filter, dry_run) = (request.deliveries, request.filter, request.dry_run);
        let by = ctx.actor.to_string();
        let requested = RedriveRequested { deliveries, filter, dry_run, reason, by, at };
        let ticket = Ticket { used_keys: vec![key.id()], ..Ticket::default() };
        let (_, position) =
            self.on_redrive(&stream, RedriveCommand::Request(requested.clone()), &ticket, ctx).await?;
        Ok((id, position.unwrap_or(Position::ZERO), requested))
    }

    /// A redrive as its own events tell it; without a request where the redrive does not exist.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn redrive(&self, tenant: TenantId, id: RedriveId) -> Result<Redrive> {
        let stream = StreamId::redrive(tenant, id);
        let store = self.log().event_store::<Redrive>(Ticket::default());
        Ok(store.load_aggregate(stream.as_str()).await.map_err(not_loaded)?.aggregate)
    }

    /// Stops a redrive. Deliveries that it has requeued stay requeued.
    ///
    /// # Errors
    /// `NotRequested`, `AlreadyEnded`; the log's failure.
    pub async fn stop_redrive(&self, tenant: TenantId, id: RedriveId, ctx: &Context) -> Result<Redrive> {
        let stopped = RedriveStopped { by: ctx.actor.to_string(), at: self.now() };
        let stream = StreamId::redrive(tenant, id);
        Ok(self.on_redrive(&stream, RedriveCommand::Stop(stopped), &Ticket::default(), ctx).await?.0)
    }

    /// Records that a redrive has looked at every delivery that it selects.
    ///
    /// # Errors
    /// `NotRequested`, `AlreadyEnded`; the log's failure.
    pub async fn end_redrive(
        &self,
        tenant: TenantId,
        id: RedriveId,
        (requeued, refused): (u64, Vec<Refused>),
        ctx: &Context,
    ) -> Result<Redrive> {
        let ended = RedriveEnded { requeued, refused, at: self.now() };
        let stream = StreamId::redrive(tenant, id);
        Ok(self.on_redrive(&stream, RedriveCommand::End(ended), &Ticket::default(), ctx).await?.0)
    }

    async fn on_redrive(
        &self,
        stream: &StreamId,
        command: RedriveCommand,
        ticket: &Ticket,
        ctx: &Context,
    ) -> Result<(Redrive, Option<Position>)> {
        let tried = self.on_stream::<Redrive>(stream, command, ticket, (ctx, None)).await?;
        match tried {
            Ok(committed) => Ok((committed.aggregate, committed.position)),
            Err(
                NotRecorded::Conflict
                | NotRecorded::KeyTaken(_)
                | NotRecorded::KeyRaced(_)
                | NotRecorded::KeyDead
                | NotRecorded::Reconfigured,
            ) => Err(CommandError::Contended),
        }
    }
}
