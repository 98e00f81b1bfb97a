-- Redrives that were asked for, and how far each has come. The subscription of dispatch writes a row for each request and counts
-- what was requeued; the process that holds the lease goes on from where the row says.
create table redrives (
    tenant_id uuid not null,
    redrive_id uuid not null,
    position bigint not null,
    deliveries uuid[],
    filter text not null,
    dry_run boolean not null,
    requested_by text not null,
    requested_at timestamptz not null,
    state text not null,
    -- Deliveries by their ids: how many were looked at. Else the place of the last one that was.
    next_index integer not null default 0,
    after_ended_at timestamptz,
    after_notification_id uuid,
    after_channel text,
    requeued bigint not null default 0,
    refused text not null default '{}',
    ended_at timestamptz,
    lease_owner uuid,
    lease_until timestamptz,
    constraint redrives_pkey primary key (tenant_id, redrive_id),
    constraint redrives_state_check check (state in ('running', 'stopped', 'ended'))
);
create index redrives_running on redrives (position) where state = 'running';
create index redrives_newest on redrives (tenant_id, position desc);

comment on table redrives is 'One row a redrive; each request is an event first.';
comment on column redrives.position is 'Of the request, in the log.';
comment on column redrives.filter is 'JSON, as in the event `RedriveRequested`.';
comment on column redrives.requeued is 'Deliveries requeued so far; of a dry run those that would have been.';
comment on column redrives.refused is 'JSON object: how many deliveries were refused so far, by code.';

revoke all on redrives from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update on redrives to orqestra_app;
    end if;
end
$$;
