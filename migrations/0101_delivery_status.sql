-- What became of each delivery. Owned by the projection `delivery-status`, version 1; rebuilt from the log.
-- No personal data in clear or sealed: these rows stay and count the same after a recipient was forgotten.

create table deliveries (
    tenant_id uuid not null,
    notification_id uuid not null,
    channel text not null,
    delivery_id uuid not null,
    recipient_ref bytea not null,
    event_id text not null,
    event_type text not null,
    template_id uuid,
    template_version integer,
    status text not null,
    reason text,
    provider text,
    attempts integer not null,
    last_cause text,
    provider_message_id text,
    next_due timestamptz,
    possible_duplicate boolean not null,
    missing text[] not null,
    accepted_at timestamptz not null,
    rendered_at timestamptz,
    first_attempt_at timestamptz,
    sent_at timestamptz,
    held_at timestamptz,
    settled_at timestamptz,
    position bigint not null,
    sequence bigint not null,
    constraint deliveries_pkey primary key (tenant_id, notification_id, channel),
    constraint deliveries_channel_check check (channel in ('EMAIL', 'SMS', 'PUSH')),
    constraint deliveries_status_check
        check (status in ('PLANNED', 'SKIPPED', 'SENDING', 'RETRYING', 'UNKNOWN', 'SENT', 'FAILED')),
    constraint deliveries_reason_check check ((reason is not null) = (status = 'SKIPPED')),
    constraint deliveries_held_check check ((held_at is not null) = (status = 'UNKNOWN')),
    constraint deliveries_settled_check check ((settled_at is not null) = (status in ('SKIPPED', 'SENT', 'FAILED')))
) with (fillfactor = 80);
-- Half of the writing is of channels skipped at acceptance; nobody looks for those by id.
create unique index deliveries_delivery_id on deliveries (delivery_id) where template_id is not null;
create index deliveries_held on deliveries (held_at) where held_at is not null;

comment on table deliveries is 'One row a channel of each accepted event, skipped ones too.';
comment on column deliveries.recipient_ref is 'HMAC of the user id.';
comment on column deliveries.event_id is 'The caller''s id of the event.';
comment on column deliveries.template_id is 'The template planned at acceptance; null where the channel was skipped then.';
comment on column deliveries.status is 'PLANNED, SENDING and RETRYING go on by themselves; UNKNOWN waits for an operator.';
comment on column deliveries.reason is 'Why it was skipped, a stable code.';
comment on column deliveries.provider is 'Of the last attempt.';
comment on column deliveries.last_cause is 'Of the last failure, a stable code; kept when a later attempt succeeds.';
comment on column deliveries.next_due is 'When the next attempt is due; null where none is planned.';
comment on column deliveries.possible_duplicate is 'Whether it was sent again although an earlier attempt may have arrived.';
comment on column deliveries.missing is 'Variables that the template asked for and the request lacked.';
comment on column deliveries.held_at is 'Since when its outcome is unknown and waits for an operator.';
comment on column deliveries.settled_at is 'Since when it is SKIPPED, SENT or FAILED.';
comment on column deliveries.position is 'Of the acceptance, in the log.';
comment on column deliveries.sequence is 'Of the last event in the stream that changed the row.';

create table attempts (
    tenant_id uuid not null,
    notification_id uuid not null,
    channel text not null,
    attempt integer not null,
    provider text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text not null,
    cause text,
    possible_duplicate boolean not null,
    sequence bigint not null,
    constraint attempts_pkey primary key (tenant_id, notification_id, channel, attempt),
    constraint attempts_outcome_check check (outcome in ('OPEN', 'SUCCEEDED', 'FAILED', 'UNKNOWN')),
    constraint attempts_ended_check check ((ended_at is null) = (outcome = 'OPEN'))
) with (fillfactor = 80);

comment on table attempts is 'One row a try of a delivery.';
comment on column attempts.attempt is 'From 1, in each delivery.';
comment on column attempts.outcome is 'UNKNOWN: nobody knows whether the provider took it; a late answer overwrites it.';
comment on column attempts.cause is 'Of the failure, a stable code.';
comment on column attempts.possible_duplicate is 'Whether an earlier attempt may have arrived.';
comment on column attempts.sequence is 'Of the last event in the stream that changed the row.';
