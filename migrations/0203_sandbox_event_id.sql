-- The caller's id of an event may name a person: it is sealed with the message. The column goes once no running version
-- writes it.
alter table sandbox_messages alter column event_id drop not null;
update sandbox_messages set event_id = null where event_id is not null;

comment on column sandbox_messages.event_id is 'Always null: the id stands in `sealed`.';
comment on column sandbox_messages.sealed is 'Sealed JSON {to, subject?, body, event_id?}.';
