-- A subscription stands at one position for each partition that it reads the log in; with one partition, that is the whole log.

alter table checkpoints add column partition smallint not null default 0;
alter table checkpoints drop constraint checkpoints_pkey;
alter table checkpoints add constraint checkpoints_pkey primary key (subscription, partition, after);
alter table checkpoints add constraint checkpoints_partition check (partition >= 0);

comment on column checkpoints.partition is 'The number of the partition, from 0.';
comment on column checkpoints.position is
    'All events of the partition up to here are handled; that of the greatest `after` holds.';

create table subscription_partitions (
    subscription text not null,
    partitions smallint not null,
    constraint subscription_partitions_pkey primary key (subscription),
    constraint subscription_partitions_count check (partitions > 0)
);

comment on table subscription_partitions is
    'In how many partitions a subscription reads the log; in one where it has no row.';

revoke all on subscription_partitions from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on subscription_partitions to orqestra_app;
    end if;
end
$$;

-- Processes of the version before look a subscription up without its partition.
create index checkpoints_whole on checkpoints (subscription, after);
comment on index checkpoints_whole is 'For processes of versions that know one partition.';
