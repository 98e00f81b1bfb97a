-- The caller's id of an event may name a person. It stands sealed in the event and is looked up by the notification's id,
-- which is derived from it; the read model keeps no copy. The column goes once no running version writes it.
alter table deliveries alter column event_id drop not null;
update deliveries set event_id = null where event_id is not null;

comment on column deliveries.event_id is 'Always null: the id is personal. `notification_id` is derived from it.';
