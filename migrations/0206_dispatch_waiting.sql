-- Deliveries that wait for an operator to mend what keeps them: a tenant switched off, an emptied list of providers, no
-- sender. A row that waits is due at its deadline, so that no poll finds it before; `due_before` keeps when it was due.
alter table dispatch_due add column waits_for text, add column due_before timestamptz;

create index dispatch_due_waiting on dispatch_due (tenant_id, channel, waits_for) where waits_for is not null;

comment on column dispatch_due.waits_for is 'Why the delivery waits for an operator: a stable code.';
comment on column dispatch_due.due_before is 'When a delivery that waits was due by the log; `due_at` is its deadline.';

-- As before, and what the log says of a delivery takes its mark away.
create or replace function dispatch_due_apply(
    g_tenant_id uuid[],
    g_notification_id uuid[],
    g_channel text[],
    p_tenant_id uuid[],
    p_notification_id uuid[],
    p_channel text[],
    p_kind text[],
    p_due_at timestamptz[],
    p_attempt integer[],
    p_leased boolean[],
    p_owner uuid,
    p_until timestamptz
)
    returns void
    language plpgsql
    volatile
    set enable_seqscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
begin
    if cardinality(g_tenant_id) > 0 then
        delete from dispatch_due d
         using unnest(g_tenant_id, g_notification_id, g_channel) as g (tenant_id, notification_id, channel)
         where d.tenant_id = g.tenant_id and d.notification_id = g.notification_id and d.channel = g.channel;
    end if;
    if cardinality(p_tenant_id) > 0 then
        insert into dispatch_due as d
               (tenant_id, notification_id, channel, kind, due_at, attempt, lease_owner, lease_until)
        select p.tenant_id, p.notification_id, p.channel, p.kind, p.due_at, p.attempt,
               case when p.leased then p_owner end, case when p.leased then p_until end
          from unnest(p_tenant_id, p_notification_id, p_channel, p_kind, p_due_at, p_attempt, p_leased)
               as p (tenant_id, notification_id, channel, kind, due_at, attempt, leased)
            on conflict on constraint dispatch_due_pkey do update
           set kind = excluded.kind, due_at = excluded.due_at, attempt = excluded.attempt,
               lease_owner = excluded.lease_owner, lease_until = excluded.lease_until,
               waits_for = null, due_before = null;
    end if;
end
$$;
