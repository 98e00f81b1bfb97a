-- Deliveries that ended without being sent and that a redrive may make due again, in the order in which they ended. Owned by the
-- projection `delivery-status`; what they are stands in `deliveries`, whose updates an index on the status would make dearer.
create table dead_letters (
    tenant_id uuid not null,
    notification_id uuid not null,
    channel text not null,
    ended_at timestamptz not null,
    constraint dead_letters_pkey primary key (tenant_id, notification_id, channel)
);
create index dead_letters_by_end on dead_letters (tenant_id, ended_at, notification_id, channel);

comment on table dead_letters is 'One row a delivery that is FAILED, or SKIPPED after acceptance for what an operator can mend.';
comment on column dead_letters.ended_at is 'Since when it is.';

insert into dead_letters (tenant_id, notification_id, channel, ended_at)
select tenant_id, notification_id, channel, settled_at
  from deliveries
 where settled_at is not null
   and (status = 'FAILED'
        or (status = 'SKIPPED' and reason in ('tenant_inactive', 'no_provider') and template_id is not null));

-- The sweeper looks through deliveries by the hour of their acceptance. Rows stand about in that order, and no update touches the
-- column.
create index deliveries_accepted on deliveries using brin (accepted_at) with (pages_per_range = 32, autosummarize = on);

revoke all on dead_letters from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on dead_letters to orqestra_app;
    end if;
end
$$;
