-- The last $5 of a channel up to a position, oldest first. Rows beyond $6 bytes come without content, which says that there
-- are more.
select notification_id, event_type, category, content_key, case when before < $6 then content end as content, read,
       accepted_at, rendered_at
  from (
       select notification_id, event_type, category, content_key, content, read, accepted_at, rendered_at,
              rendered_position,
              sum(octet_length(content)) over (order by rendered_position) - octet_length(content) as before
         from (
              select notification_id, event_type, category, content_key, content, read_at is not null as read,
                     accepted_at, rendered_at, rendered_position
                from inbox
               where tenant_id = $1 and recipient_ref = $2 and category = $3 and rendered_position <= $4
               order by rendered_position desc
               limit $5
              ) last
       ) missed
 order by rendered_position
