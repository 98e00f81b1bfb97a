-- A delivery that was requeued is a new message: it is kept once by its new key, beside the one before it.
alter table sandbox_messages add column requeued_delivery_id uuid;

comment on column sandbox_messages.delivery_id is 'The key that the message is kept once by: the delivery, where it was not requeued.';
comment on column sandbox_messages.requeued_delivery_id is 'The delivery, where it was requeued; null otherwise.';
