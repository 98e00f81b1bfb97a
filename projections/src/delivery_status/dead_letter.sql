select l.ended_at, d.tenant_id, d.notification_id, d.channel, d.delivery_id, d.event_type, d.status,
       coalesce(d.reason, d.last_cause) as cause, d.provider, d.attempts, d.possible_duplicate, d.accepted_at
  from deliveries d
  join dead_letters l using (tenant_id, notification_id, channel)
 where d.tenant_id = $1 and d.delivery_id = $2 and d.template_id is not null
