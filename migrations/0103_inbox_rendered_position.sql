-- Where in the log a push was rendered, so that a client that was away can be told what it missed since a position.
alter table inbox add column rendered_position bigint;

update inbox i
   set rendered_position = e.position
  from events e
 where i.content is not null
   and e.aggregate_type = 'Notification'
   and e.aggregate_id = i.tenant_id::text || '/' || i.notification_id::text
   and e.event_type = 'DeliveryRendered'
   and e.payload -> 'DeliveryRendered' ->> 'channel' = 'PUSH';

alter table inbox add constraint inbox_rendered_position_check
    check ((rendered_at is null) = (rendered_position is null));

comment on column inbox.rendered_position is 'Of the rendering, in the log: the offset under which the push is published.';
