delete from dead_letters{g} as kept
 using unnest($1::uuid[], $2::uuid[], $3::text[]) as k (tenant_id, notification_id, channel)
  join deliveries{g} d using (tenant_id, notification_id, channel)
 where kept.tenant_id = k.tenant_id and kept.notification_id = k.notification_id and kept.channel = k.channel
   and not (d.status = 'FAILED'
            or (d.status = 'SKIPPED' and d.reason in ('tenant_inactive', 'no_provider') and d.template_id is not null))
