select tenant_id, notification_id, channel, accepted_at
  from deliveries
 where accepted_at >= greatest($1, $4) and accepted_at < $2
   and settled_at is null and held_at is null
   and coalesce(next_due, accepted_at) < $3
   and (accepted_at, notification_id, channel) > ($4, $5, $6)
 order by accepted_at, notification_id, channel
 limit $7
