select notification_id, event_type, category, content_key, content, read_at is not null as read, accepted_at
  from inbox
 where tenant_id = $1 and recipient_ref = $2 and content is not null
 order by accepted_at desc, position desc
 limit $3 offset $4
