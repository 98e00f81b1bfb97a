select notification_id, event_type, category, content_key, content, read_at is not null as read, accepted_at
  from inbox
 where tenant_id = $1 and recipient_ref = $2 and content is not null
   and (accepted_at, position) < (
           select last.accepted_at, last.position
             from inbox last
            where last.tenant_id = $1 and last.recipient_ref = $2 and last.notification_id = $4
       )
 order by accepted_at desc, position desc
 limit $3
