insert into inbox{g} as kept (
    tenant_id, notification_id, recipient_ref, delivery_id, event_type, category, content_key, content,
    status, accepted_at, rendered_at, read_at, position, sequence, rendered_position
)
select r.tenant_id, r.notification_id, r.recipient_ref, r.delivery_id, r.event_type, r.category, r.content_key, r.content,
       case when r.read_at is null then 'UNREAD' else 'READ' end,
       r.accepted_at, r.rendered_at, r.read_at, r.position, r.sequence, r.rendered_position
  from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::text[],
              $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::bigint[],
              $14::bigint[])
       as r (tenant_id, notification_id, recipient_ref, delivery_id, event_type, category, content_key, content,
             accepted_at, rendered_at, read_at, position, sequence, rendered_position)
 where not exists (
           select
             from inbox_forgotten{g} f
            where f.tenant_id = r.tenant_id and f.recipient_ref = r.recipient_ref and f.position > r.position
       )
    on conflict (tenant_id, notification_id) do update
   set category = excluded.category, content_key = excluded.content_key, content = excluded.content,
       status = excluded.status, rendered_at = excluded.rendered_at, read_at = excluded.read_at, sequence = excluded.sequence,
       rendered_position = excluded.rendered_position
 where kept.sequence < excluded.sequence
