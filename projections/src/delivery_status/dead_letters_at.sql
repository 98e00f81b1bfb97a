select l.ended_at, d.tenant_id, d.notification_id, d.channel, d.delivery_id, d.event_type, d.status,
       coalesce(d.reason, d.last_cause) as cause, d.provider, d.attempts, d.possible_duplicate, d.accepted_at
  from unnest($2::uuid[], $3::text[]) with ordinality as k (notification_id, channel, place)
  join dead_letters l on l.tenant_id = $1 and l.notification_id = k.notification_id and l.channel = k.channel
  join deliveries d on d.tenant_id = $1 and d.notification_id = k.notification_id and d.channel = k.channel
 where ($4::text is null or coalesce(d.reason, d.last_cause) = $4)
   and ($5::text is null or d.provider = $5)
   and ($6::text is null or d.event_type = $6)
 order by k.place
 limit $7
