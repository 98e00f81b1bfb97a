-- Providers that bring nothing back call a message by their own id. Which notification it is of is known once its success is
-- recorded; a receipt that comes before waits for that.
create table provider_messages (
    tenant_id uuid not null,
    provider text not null,
    message_id text not null,
    notification_id uuid not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, provider, message_id)
);
create index provider_messages_by_time on provider_messages (recorded_at);

create table waiting_receipts (
    tenant_id uuid not null,
    provider text not null,
    message_id text not null,
    event_ref bytea not null,
    instance uuid not null,
    channel text not null,
    receipt text not null,
    cause text,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    primary key (tenant_id, provider, message_id, event_ref)
);
create index waiting_receipts_by_time on waiting_receipts (received_at);

comment on table provider_messages is 'The notification of each message of a provider that brings no id back; kept for seven days.';
comment on table waiting_receipts is 'Verified receipts whose message is not known yet; kept for a day.';

revoke all on table provider_messages, waiting_receipts from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, delete on provider_messages, waiting_receipts to orqestra_app;
    end if;
end
$$;
