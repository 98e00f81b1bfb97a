-- $1 the provider's kind, $2 its channel, $3 up to when the receipts came, $4 now, $5 the most rows.
select w.tenant_id, w.instance, w.message_id, w.event_ref, w.channel, w.receipt, w.cause, w.occurred_at, a.notification_id
  from (select tenant_id, instance, address_ref, min(notification_id::text)::uuid as notification_id,
               min(started_at) as started_at
          from unanswered_attempts
         where provider = $1 and address_ref is not null
         group by tenant_id, instance, address_ref
        having count(*) = 1) a
  join waiting_receipts w
    on w.tenant_id = a.tenant_id and w.provider = $1 and w.instance = a.instance and w.address_ref = a.address_ref
   and w.received_at between a.started_at and $3
 where not exists (select from unanswered_attempts o
                    where o.tenant_id = w.tenant_id and o.provider = $1 and o.instance = w.instance
                      and o.address_ref is null)
   and not exists (select from dispatch_due d
                    where d.tenant_id = w.tenant_id and d.channel = $2 and d.kind = 'sweep' and d.due_at <= $4)
   and not exists (select from provider_messages m
                    where m.tenant_id = w.tenant_id and m.provider = $1 and m.instance = w.instance
                      and m.message_id = w.message_id)
   and not exists (select from waiting_receipts o
                    where o.tenant_id = w.tenant_id and o.provider = $1 and o.instance = w.instance
                      and o.address_ref = w.address_ref and o.message_id <> w.message_id
                      and o.received_at >= a.started_at)
 order by w.tried_at nulls first, w.received_at
 limit $5
