select notification_id, channel, ended_at
  from dead_letters
 where tenant_id = $1
   and (ended_at, notification_id, channel) {beyond} ($2, $3, $4)
   and ended_at >= $5 and ended_at < $6
   and ($7::text is null or channel = $7)
 order by ended_at {order}, notification_id {order}, channel {order}
 limit $8
