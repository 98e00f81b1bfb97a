-- By which recipient and which addresses an event is found. Owned by the projection `event-lookup`, version 1; rebuilt from the
-- log, and filled from its beginning by the first program that has it. Nothing is decided by it.

create table event_lookup (
    tenant_id uuid not null,
    notification_id uuid not null,
    recipient_ref bytea not null,
    email_ref bytea,
    phone_ref bytea,
    event_type text not null,
    accepted_at timestamptz not null,
    position bigint not null,
    constraint event_lookup_pkey primary key (tenant_id, notification_id),
    constraint event_lookup_recipient_ref_check check (octet_length(recipient_ref) = 32),
    constraint event_lookup_email_ref_check check (octet_length(email_ref) = 32),
    constraint event_lookup_phone_ref_check check (octet_length(phone_ref) = 32)
);

-- The events of a person or of an address, newest first.
create index event_lookup_recipient_idx on event_lookup (tenant_id, recipient_ref, accepted_at desc, position desc);
create index event_lookup_email_idx on event_lookup (tenant_id, email_ref, accepted_at desc, position desc)
    where email_ref is not null;
create index event_lookup_phone_idx on event_lookup (tenant_id, phone_ref, accepted_at desc, position desc)
    where phone_ref is not null;

comment on table event_lookup is 'One row for each accepted event whose recipient was not forgotten since.';
comment on column event_lookup.recipient_ref is 'HMAC of the user id.';
comment on column event_lookup.email_ref is 'HMAC of the normalised email address; null where the event had none.';
comment on column event_lookup.phone_ref is 'HMAC of the phone number; null where the event had none.';
comment on column event_lookup.position is 'Of the acceptance, in the log.';

create table event_lookup_forgotten (
    tenant_id uuid not null,
    recipient_ref bytea not null,
    position bigint not null,
    constraint event_lookup_forgotten_pkey primary key (tenant_id, recipient_ref)
);

comment on table event_lookup_forgotten is 'Forgotten people: rows of theirs from before the position never come back.';

revoke all on event_lookup, event_lookup_forgotten from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on event_lookup, event_lookup_forgotten to orqestra_app;
    end if;
end
$$;
