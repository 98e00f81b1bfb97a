-- The log: events and what is written in the same transaction with them.
-- `events` is a superset of the table that postgres-es reads; the first seven columns are its own.

create table events (
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint not null,
    event_type text not null,
    event_version text not null,
    payload json not null,
    metadata json not null,
    position bigint not null,
    event_id uuid not null,
    tenant_id uuid not null,
    recorded_at timestamptz not null,
    leaf bytea not null,
    constraint events_pkey primary key (aggregate_type, aggregate_id, sequence),
    constraint events_position_key unique (position)
);

comment on table events is 'Append-only. Rows come in through append_batch alone and never change.';
comment on column events.aggregate_id is '<tenant uuid>/<uuid>';
comment on column events.sequence is 'Dense in the stream, from 1.';
comment on column events.position is 'Dense in the log, from 1, in commit order.';
comment on column events.payload is 'RFC 8785 text.';
comment on column events.metadata is 'RFC 8785 text; an object of strings.';
comment on column events.recorded_at is 'The writing process''s clock, in microseconds.';
comment on column events.leaf is 'SHA-256 over the RFC 8785 form of the event without its position.';

create function refuse_change_of_events() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'events are append-only: % is refused', tg_op
        using errcode = 'integrity_constraint_violation', constraint = 'events_append_only';
end
$$;

create trigger events_refuse_change before update or delete on events
    for each statement execute function refuse_change_of_events();
create trigger events_refuse_truncate before truncate on events
    for each statement execute function refuse_change_of_events();
-- ALWAYS: also where session_replication_role would switch triggers off.
alter table events enable always trigger events_refuse_change;
alter table events enable always trigger events_refuse_truncate;

create table idempotency_keys (
    tenant_id uuid not null,
    key text not null,
    notification_id uuid not null,
    expires_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (tenant_id, key)
);
create index idempotency_keys_expires_at on idempotency_keys (expires_at);

comment on table idempotency_keys is 'Keys that callers gave; an expired one can be claimed anew.';

create table data_keys (
    key_id uuid not null,
    tenant_id uuid not null,
    kind smallint not null,
    recipient_ref bytea,
    month integer,
    wrapped bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint data_keys_pkey primary key (key_id),
    constraint data_keys_scope_key unique nulls not distinct (tenant_id, kind, recipient_ref, month),
    constraint data_keys_kind_check check (
        (kind in (0, 1) and recipient_ref is null and month is null)
        or (kind = 2 and recipient_ref is not null and month is not null)
    )
);

comment on table data_keys is 'Keys wrapped by the master key. Deleting one makes what it sealed unreadable for ever.';
comment on column data_keys.kind is '0 the tenant''s secrets, 1 the tenant''s look-up hashes, 2 one recipient in one month';
comment on column data_keys.month is 'year * 100 + month of acceptance';

create table log_identity (
    only_row boolean not null default true,
    log_id uuid not null default gen_random_uuid(),
    epoch bigint not null default 1,
    constraint log_identity_pkey primary key (only_row),
    constraint log_identity_only_row check (only_row)
);
insert into log_identity default values;

comment on column log_identity.epoch is 'Grows when the log was restored from a backup.';
