-- Where each epoch of the log began, and where in a topic a subscription has come to.

create table log_epochs (
    epoch bigint not null,
    first_position bigint not null,
    constraint log_epochs_pkey primary key (epoch),
    constraint log_epochs_first_position check (first_position > 0)
);

comment on table log_epochs is
    'The epochs of the log. What was said in an earlier epoch of a position from first_position on is void.';
comment on column log_epochs.first_position is 'The first position that was appended in the epoch.';

-- Where earlier epochs began was not recorded: everything said in them is void.
insert into log_epochs (epoch, first_position) select epoch, 1 from log_identity;

alter table checkpoints add column topic text;
alter table checkpoints add column topic_offset bigint;

comment on column checkpoints.topic is 'The topic that the partition was read from; null where that was the log.';
comment on column checkpoints.topic_offset is
    'The offset of the first record of the topic that was not handled. Only where to read on from: the position holds.';

revoke all on log_epochs from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select on log_epochs to orqestra_app;
    end if;
end
$$;
