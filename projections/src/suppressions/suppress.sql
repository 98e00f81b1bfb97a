insert into suppressions{g} as kept (
    tenant_id, address_ref, channel, reason, cause, notification_id, since, position, sequence, suppressed
)
select r.tenant_id, r.address_ref, r.channel, r.reason, r.cause, r.notification_id, r.since, r.position, r.sequence,
       r.suppressed
  from unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::bigint[],
              $9::bigint[], $10::boolean[])
       as r (tenant_id, address_ref, channel, reason, cause, notification_id, since, position, sequence, suppressed)
    on conflict (tenant_id, address_ref) do update
   set channel = excluded.channel, reason = excluded.reason, cause = excluded.cause,
       notification_id = excluded.notification_id, since = excluded.since, position = excluded.position,
       sequence = excluded.sequence, suppressed = excluded.suppressed
 where kept.sequence < excluded.sequence
