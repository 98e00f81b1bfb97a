update attempts{g} as kept
   set ended_at = c.ended_at, outcome = c.outcome, cause = c.cause, sequence = c.sequence
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[], $8::bigint[])
       as c (tenant_id, notification_id, channel, attempt, ended_at, outcome, cause, sequence)
 where kept.tenant_id = c.tenant_id and kept.notification_id = c.notification_id and kept.channel = c.channel
   and kept.attempt = c.attempt and kept.sequence < c.sequence
