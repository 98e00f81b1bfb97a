with recursive lanes as (
    (select tenant_id, channel, waits_for
       from dispatch_due
      where waits_for is not null
      order by tenant_id, channel, waits_for
      limit 1)
    union all
    select following.tenant_id, following.channel, following.waits_for
      from lanes
      cross join lateral (
          select d.tenant_id, d.channel, d.waits_for
            from dispatch_due d
           where d.waits_for is not null
             and (d.tenant_id, d.channel, d.waits_for) > (lanes.tenant_id, lanes.channel, lanes.waits_for)
           order by d.tenant_id, d.channel, d.waits_for
           limit 1
      ) as following
)
select tenant_id, channel, waits_for from lanes
