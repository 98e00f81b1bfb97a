-- The topics that the log is relayed to: the number of partitions never changes while a topic's name stays.

create table topics (
    topic text not null,
    partitions smallint not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint topics_pkey primary key (topic),
    constraint topics_partitions check (partitions > 0)
);

comment on table topics is 'The topics of Kafka that the log is relayed to.';
comment on column topics.partitions is
    'The number of partitions that the relay computes by; a recipient keeps its partition as long as it holds.';

create table topic_positions (
    topic text not null,
    partition smallint not null,
    position bigint not null,
    constraint topic_positions_pkey primary key (topic, partition)
);

comment on table topic_positions is
    'The last event sent to each partition of a topic, as of the checkpoint of its relay; no row where none was.';

revoke all on topics, topic_positions from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert on topics to orqestra_app;
        grant select, insert, update on topic_positions to orqestra_app;
    end if;
end
$$;
