-- What a recipient sees in the app. Owned by the projection `inbox`, version 1; rebuilt from the log.

-- A row comes with the acceptance of a push and shows once the push is rendered.
create table inbox (
    tenant_id uuid not null,
    notification_id uuid not null,
    recipient_ref bytea not null,
    delivery_id uuid not null,
    event_type text not null,
    category text,
    content_key uuid,
    content text,
    status text not null,
    accepted_at timestamptz not null,
    rendered_at timestamptz,
    read_at timestamptz,
    position bigint not null,
    sequence bigint not null,
    constraint inbox_pkey primary key (tenant_id, notification_id),
    constraint inbox_status_check check (status = case when read_at is null then 'UNREAD' else 'READ' end),
    constraint inbox_rendered_check
        check ((rendered_at is null) = (content is null) and (content is null) = (content_key is null))
) with (fillfactor = 80);
-- What is sealed does not compress.
alter table inbox alter column content set storage external;
create index inbox_recipient on inbox (tenant_id, recipient_ref, accepted_at desc, position desc);

comment on table inbox is 'Pushes by recipient, newest first by (accepted_at, position).';
comment on column inbox.recipient_ref is 'HMAC of the user id.';
comment on column inbox.content_key is 'The data key that opens `content`.';
comment on column inbox.content is 'The rendered push, sealed as in its event; null until then, and the row is not shown.';
comment on column inbox.position is 'Of the acceptance, in the log.';
comment on column inbox.sequence is 'Of the last event in the stream that changed the row.';

create table inbox_forgotten (
    tenant_id uuid not null,
    recipient_ref bytea not null,
    position bigint not null,
    constraint inbox_forgotten_pkey primary key (tenant_id, recipient_ref)
);

comment on table inbox_forgotten is 'What these recipients got before the position does not come back, however late an event arrives.';
