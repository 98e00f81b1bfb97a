-- The addresses that tenants send nothing to.

-- What a process reads at start to know whose stream it has to ask, however long the log is.
create index events_suppression_idx on events (position) where aggregate_type = 'Suppression';

-- The list of them for operators. Owned by the projection `suppressions`, version 1; rebuilt from the log. Nothing is decided
-- by it.
create table suppressions (
    tenant_id uuid not null,
    address_ref bytea not null,
    channel text not null,
    reason text not null,
    cause text,
    notification_id uuid,
    since timestamptz not null,
    position bigint not null,
    sequence bigint not null,
    suppressed boolean not null,
    constraint suppressions_pkey primary key (tenant_id, address_ref),
    constraint suppressions_address_ref_check check (octet_length(address_ref) = 32),
    constraint suppressions_channel_check check (channel in ('EMAIL', 'SMS'))
);

-- The list, newest first.
create index suppressions_newest_idx on suppressions (tenant_id, position desc) where suppressed;

comment on table suppressions is 'The addresses that were suppressed at some time, one row each.';
comment on column suppressions.address_ref is 'The look-up form of the address, as in the plan of a notification.';
comment on column suppressions.reason is 'Of the last suppression, as cause, notification_id, since and position.';
comment on column suppressions.notification_id is 'The notification on which it was seen.';
comment on column suppressions.position is 'Where the suppression stands in the log.';
comment on column suppressions.sequence is 'Of the last event applied, in the address''s stream.';
comment on column suppressions.suppressed is 'False: the suppression was lifted.';

revoke all on suppressions from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on suppressions to orqestra_app;
    end if;
end
$$;
