-- Rows beyond $5 bytes come without content: the next statement reads them. The first one always has it.
select notification_id, event_type, category, content_key, case when before < $5 then content end as content, read,
       accepted_at
  from (
       select notification_id, event_type, category, content_key, content, read, accepted_at, position,
              sum(octet_length(content)) over (order by accepted_at desc, position desc) - octet_length(content)
                  as before
         from (
              select notification_id, event_type, category, content_key, content, read_at is not null as read,
                     accepted_at, position
                from inbox
               where tenant_id = $1 and recipient_ref = $2 and content is not null
               order by accepted_at desc, position desc
               limit $3 offset $4
              ) page
       ) measured
 order by accepted_at desc, position desc
