-- Receipts that name their message by the provider's id alone are of one entry: an id is one of its account. What was learned
-- without the entry matches none: a rebuild of the due table writes it again. A process of the version before writes so too.
alter table provider_messages add column instance uuid not null default '00000000-0000-0000-0000-000000000000';
alter table provider_messages drop constraint provider_messages_pkey;
alter table provider_messages add constraint provider_messages_pkey
    primary key (tenant_id, provider, instance, message_id);

alter table waiting_receipts add column address_ref bytea;
alter table waiting_receipts add column tried_at timestamptz;
alter table waiting_receipts drop constraint waiting_receipts_pkey;
alter table waiting_receipts add constraint waiting_receipts_pkey
    primary key (tenant_id, provider, instance, message_id, event_ref);
alter table waiting_receipts add constraint waiting_receipts_address_ref_check check (octet_length(address_ref) = 32);
create index waiting_receipts_by_address on waiting_receipts (tenant_id, provider, instance, address_ref)
    where address_ref is not null;

-- An attempt whose answer was lost has no id of the provider's: its receipt is matched by the number. Written by the subscription
-- of dispatch; a rebuild of the due table writes it from the log.
create table unanswered_attempts (
    tenant_id uuid not null,
    notification_id uuid not null,
    provider text not null,
    instance uuid not null,
    attempt integer not null,
    unknown_at timestamptz not null,
    address_ref bytea,
    started_at timestamptz,
    constraint unanswered_attempts_pkey primary key (tenant_id, notification_id),
    constraint unanswered_attempts_address_ref_check check (octet_length(address_ref) = 32),
    constraint unanswered_attempts_read_check check ((address_ref is null) = (started_at is null))
);
create index unanswered_attempts_by_address on unanswered_attempts (tenant_id, provider, instance, address_ref);
create index unanswered_attempts_by_time on unanswered_attempts (unknown_at);

comment on column provider_messages.instance is 'The provider entry that the message left by.';
comment on column waiting_receipts.address_ref is 'The look-up form of the number that the receipt names, where it names one.';
comment on column waiting_receipts.tried_at is 'When the log last did not store it.';
comment on table unanswered_attempts is 'The last attempt of each text message whose outcome is unknown, by providers that bring no id back; kept for seven days.';
comment on column unanswered_attempts.address_ref is 'The look-up form of its number, as in the plan; null until it is read from the notification.';
comment on column unanswered_attempts.started_at is 'When it was claimed; null as address_ref is.';

revoke all on table unanswered_attempts from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on unanswered_attempts to orqestra_app;
        -- A receipt that waits already stays, by an update that changes nothing.
        grant update on waiting_receipts to orqestra_app;
    end if;
end
$$;
