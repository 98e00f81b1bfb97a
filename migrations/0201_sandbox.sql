-- The sandbox provider's outbox: messages that went nowhere, kept to be looked at.
create table sandbox_messages (
    delivery_id uuid not null,
    tenant_id uuid not null,
    notification_id uuid not null,
    channel text not null,
    event_id text not null,
    key_id uuid not null,
    sealed text not null,
    created_at timestamptz not null,
    constraint sandbox_messages_pkey primary key (delivery_id)
);
create index sandbox_messages_newest on sandbox_messages (tenant_id, created_at desc, delivery_id desc);

comment on table sandbox_messages is 'Messages given to the sandbox. A delivery stands here once, however often it was sent.';
comment on column sandbox_messages.event_id is 'The tenant''s own id of the event.';
comment on column sandbox_messages.key_id is 'The recipient''s data key; once it is gone the message cannot be read.';
comment on column sandbox_messages.sealed is 'Sealed JSON {to, subject?, body}.';

revoke all on table sandbox_messages from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert on sandbox_messages to orqestra_app;
    end if;
end
$$;
