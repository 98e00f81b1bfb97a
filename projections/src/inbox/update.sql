update inbox{g} as kept
   set category = coalesce(kept.category, c.category),
       content_key = coalesce(kept.content_key, c.content_key),
       content = coalesce(kept.content, c.content),
       status = case when coalesce(kept.read_at, c.read_at) is null then 'UNREAD' else 'READ' end,
       rendered_at = coalesce(kept.rendered_at, c.rendered_at),
       read_at = coalesce(kept.read_at, c.read_at),
       sequence = c.sequence,
       rendered_position = coalesce(kept.rendered_position, c.rendered_position)
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[],
              $8::bigint[], $9::bigint[])
       as c (tenant_id, notification_id, category, content_key, content, rendered_at, read_at, sequence,
             rendered_position)
 where kept.tenant_id = c.tenant_id and kept.notification_id = c.notification_id and kept.sequence < c.sequence
