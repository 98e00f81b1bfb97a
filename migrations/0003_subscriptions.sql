-- Where each subscription stands, who runs it, and what it has set aside.

-- Insert-only: moving adds a row whose key is the position moved from, so that a second mover from the same position
-- fails, and a snapshot held elsewhere finds no row versions to keep. Old rows are deleted now and then.
create table checkpoints (
    subscription text not null,
    after bigint not null,
    position bigint not null,
    epoch bigint not null,
    constraint checkpoints_pkey primary key (subscription, after),
    constraint checkpoints_forward check (position > after)
);

comment on column checkpoints.after is 'The position moved from; -1 where the subscription began.';
comment on column checkpoints.position is 'All events up to here are handled; that of the greatest `after` holds.';
comment on column checkpoints.epoch is 'The lease under which it moved.';

create table leases (
    name text not null,
    epoch bigint not null,
    owner uuid not null,
    until timestamptz not null,
    presence bigint not null default 0,
    constraint leases_pkey primary key (name)
);

comment on column leases.epoch is 'Grows with each change of owner; what an older epoch writes is refused.';
comment on column leases.presence is 'An advisory lock that the owner''s process holds while it lives; 0 if it could not.';

create table parked_events (
    subscription text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    position bigint not null,
    reason text not null,
    parked_at timestamptz not null default clock_timestamp(),
    retry boolean not null default false,
    constraint parked_events_pkey primary key (subscription, aggregate_type, aggregate_id)
);

comment on table parked_events is 'Aggregates whose events a subscription could not handle, from the position where it failed.';
comment on column parked_events.retry is 'Asks the subscription to try again.';
