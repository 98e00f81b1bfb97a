-- What dispatch has to do and when: a fold of the log with a lease beside it.
--
-- One row a delivery that is not settled, written by the subscription `dispatch-v1` in its checkpoint's transaction and
-- rebuilt from the log at will. A row is never a claim: that is the event `AttemptStarted`.
create table dispatch_due (
    tenant_id uuid not null,
    notification_id uuid not null,
    channel text not null,
    kind text not null,
    due_at timestamptz not null,
    attempt integer not null,
    lease_owner uuid,
    lease_until timestamptz,
    constraint dispatch_due_pkey primary key (tenant_id, notification_id, channel),
    constraint dispatch_due_channel check (channel in ('EMAIL', 'SMS', 'PUSH')),
    constraint dispatch_due_kind check (kind in ('send', 'sweep', 'held'))
) with (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_analyze_threshold = 2000,
    autovacuum_vacuum_cost_delay = 1
);

create index dispatch_due_by_tenant on dispatch_due (tenant_id, due_at) where kind <> 'held';
create index dispatch_due_held on dispatch_due (due_at) where kind = 'held';

comment on table dispatch_due is 'Unsettled deliveries: a fold of the log that can be rebuilt, and leases.';
comment on column dispatch_due.kind is
    'send: the next attempt; sweep: an attempt whose outcome is overdue by then; held: an unknown outcome that waits for a decision since then.';
comment on column dispatch_due.attempt is 'send: the attempt to make; else the attempt it is about.';
comment on column dispatch_due.lease_until is 'Until then the row is with `lease_owner`; others leave it alone.';

-- Writes the net effect of a batch of events. The arrays of what is settled and of what stands share no key.
create function dispatch_due_apply(
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
               lease_owner = excluded.lease_owner, lease_until = excluded.lease_until;
    end if;
end
$$;

-- Leases due rows to one process, a share of each tenant in turn, from the tenant after `p_after` on. The tenants come
-- by a loose scan of the index, so that a million rows of one cost the others nothing. A last row without a
-- notification says where the walk stopped short of the last tenant.
create function dispatch_due_take(
    p_now timestamptz,
    p_owner uuid,
    p_until timestamptz,
    p_after uuid,
    p_skip uuid[],
    p_tenants integer,
    p_share integer,
    p_limit integer
)
    returns table (
        tenant_id uuid,
        notification_id uuid,
        channel text,
        kind text,
        due_at timestamptz,
        attempt integer
    )
    language plpgsql
    volatile
    set enable_seqscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_tenant uuid := p_after;
    v_next uuid;
    v_seen integer := 0;
    v_left integer := p_limit;
    v_taken integer;
begin
    loop
        if v_left <= 0 or v_seen >= p_tenants then
            return query select v_tenant, null::uuid, null::text, null::text, null::timestamptz, null::integer;
            return;
        end if;
        select d.tenant_id into v_next
          from dispatch_due d
         where d.tenant_id > v_tenant and d.kind <> 'held'
         order by d.tenant_id
         limit 1;
        exit when v_next is null;
        v_tenant := v_next;
        v_seen := v_seen + 1;
        continue when v_tenant = any (p_skip);
        return query
            with picked as (
                select d.tenant_id, d.notification_id, d.channel
                  from dispatch_due d
                 where d.tenant_id = v_tenant
                   and d.kind <> 'held'
                   and d.due_at <= p_now
                   and (d.lease_until is null or d.lease_until <= p_now)
                 order by d.due_at
                 limit least(p_share, v_left)
                   for update skip locked
            )
            update dispatch_due d
               set lease_owner = p_owner, lease_until = p_until
              from picked p
             where d.tenant_id = p.tenant_id and d.notification_id = p.notification_id and d.channel = p.channel
            returning d.tenant_id, d.notification_id, d.channel, d.kind, d.due_at, d.attempt;
        get diagnostics v_taken = row_count;
        v_left := v_left - v_taken;
    end loop;
end
$$;

revoke all on table dispatch_due from public;
revoke all on function dispatch_due_apply, dispatch_due_take from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on dispatch_due to orqestra_app;
        grant execute on function dispatch_due_apply, dispatch_due_take to orqestra_app;
    end if;
end
$$;
