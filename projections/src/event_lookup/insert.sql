insert into event_lookup{g} (
    tenant_id, notification_id, recipient_ref, email_ref, phone_ref, event_type, accepted_at, position
)
select r.tenant_id, r.notification_id, r.recipient_ref, r.email_ref, r.phone_ref, r.event_type, r.accepted_at, r.position
  from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::timestamptz[], $8::bigint[])
       as r (tenant_id, notification_id, recipient_ref, email_ref, phone_ref, event_type, accepted_at, position)
 where not exists (
           select
             from event_lookup_forgotten{g} f
            where f.tenant_id = r.tenant_id and f.recipient_ref = r.recipient_ref and f.position > r.position
       )
    on conflict (tenant_id, notification_id) do nothing
