select l.ended_at, d.tenant_id, d.notification_id, d.channel, d.delivery_id, d.event_type, d.status,
       coalesce(d.reason, d.last_cause) as cause, d.provider, d.attempts, d.possible_duplicate, d.accepted_at
  from dead_letters l
  join deliveries d using (tenant_id, notification_id, channel)
 where l.tenant_id = $1
   and (l.ended_at, l.notification_id, l.channel) {beyond} ($2, $3, $4)
   and l.ended_at >= $5 and l.ended_at < $6
   and ($7::text is null or d.channel = $7)
   and ($8::text is null or coalesce(d.reason, d.last_cause) = $8)
   and ($9::text is null or d.provider = $9)
   and ($10::text is null or d.event_type = $10)
 order by l.ended_at {order}, l.notification_id {order}, l.channel {order}
 limit $11
