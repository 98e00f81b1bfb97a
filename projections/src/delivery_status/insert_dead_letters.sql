insert into dead_letters{g} as kept (tenant_id, notification_id, channel, ended_at)
select d.tenant_id, d.notification_id, d.channel, d.settled_at
  from unnest($1::uuid[], $2::uuid[], $3::text[]) as k (tenant_id, notification_id, channel)
  join deliveries{g} d using (tenant_id, notification_id, channel)
 where d.settled_at is not null
   and (d.status = 'FAILED'
        or (d.status = 'SKIPPED' and d.reason in ('tenant_inactive', 'no_provider') and d.template_id is not null))
    on conflict (tenant_id, notification_id, channel) do update
   set ended_at = excluded.ended_at
 where kept.ended_at <> excluded.ended_at
