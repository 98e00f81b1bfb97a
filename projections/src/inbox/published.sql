-- Rows beyond $7 bytes come without content, which says that there are more.
select notification_id, event_type, category, content_key, case when before < $7 then content end as content, read,
       accepted_at, rendered_position
  from (
       select notification_id, event_type, category, content_key, content, read_at is not null as read, accepted_at,
              rendered_position,
              sum(octet_length(content)) over (order by rendered_position) - octet_length(content) as before
         from inbox
        where tenant_id = $1 and recipient_ref = $2 and content is not null and category = $3
          and rendered_position > $4 and rendered_position <= $5
        order by rendered_position
        limit $6
       ) missed
 order by rendered_position
