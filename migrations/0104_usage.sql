-- How much each tenant triggered. Owned by the projection `usage`, version 1; rebuilt from the log.
-- What limits a tenant is restored from here when a process starts.

create table usage_minutes (
    minute timestamptz not null,
    tenant_id uuid not null,
    accepted bigint not null,
    seconds integer[] not null,
    position bigint not null,
    constraint usage_minutes_pkey primary key (minute, tenant_id),
    constraint usage_minutes_seconds_check check (array_length(seconds, 1) = 60)
) with (fillfactor = 80);

comment on table usage_minutes is 'Accepted triggers by minute and tenant; no row for a minute without one.';
comment on column usage_minutes.minute is 'Its start, by the time at which the log recorded the acceptance.';
comment on column usage_minutes.accepted is 'Repeats and refusals do not count.';
comment on column usage_minutes.seconds is 'The same by second of the minute.';
comment on column usage_minutes.position is 'Of the last acceptance counted, in the log.';

revoke all on usage_minutes from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on usage_minutes to orqestra_app;
    end if;
end
$$;
