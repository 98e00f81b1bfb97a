-- Due rows by lane: a tenant's sends of one channel, or its sweeps of one channel.
--
-- A backlog of one lane must not stand before another lane of the same tenant, and a lane whose provider is left alone
-- must cost nothing: the index gives the first due row of each lane, and the function passes over the lanes that the
-- process has no room for. `dispatch_due_take` stays for processes of the version before; without its own index it is
-- slower and takes the same rows.
create index dispatch_due_by_lane on dispatch_due (tenant_id, kind, channel, due_at) where kind <> 'held';
drop index dispatch_due_by_tenant;

-- Leases due rows to one process, a share of each lane in turn, from the lane after `p_after_*` on. `p_known` names lanes
-- (`tenant/kind/channel`) with their own room in `p_room`; 0 passes the lane over. Each lane takes at most a quarter of the
-- room that is left, so that no lane takes the room of those behind it. A last row without a notification names the lane
-- at which the walk stopped before the last one.
create function dispatch_due_take_lanes(
    p_now timestamptz,
    p_owner uuid,
    p_until timestamptz,
    p_after_tenant uuid,
    p_after_kind text,
    p_after_channel text,
    p_known text[],
    p_room integer[],
    p_lanes integer,
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
    v_tenant uuid := p_after_tenant;
    v_kind text := p_after_kind;
    v_channel text := p_after_channel;
    v_seen integer := 0;
    v_left integer := p_limit;
    v_room integer;
    v_taken integer;
begin
    loop
        if v_left <= 0 or v_seen >= p_lanes then
            return query select v_tenant, null::uuid, v_channel, v_kind, null::timestamptz, null::integer;
            return;
        end if;
        select d.tenant_id, d.kind, d.channel into v_tenant, v_kind, v_channel
          from dispatch_due d
         where (d.tenant_id, d.kind, d.channel) > (v_tenant, v_kind, v_channel) and d.kind <> 'held'
         order by d.tenant_id, d.kind, d.channel
         limit 1;
        exit when not found;
        v_seen := v_seen + 1;
        v_room := p_room[array_position(p_known, v_tenant::text || '/' || v_kind || '/' || v_channel)];
        v_room := least(coalesce(v_room, p_share), greatest(1, v_left / 4));
        continue when v_room <= 0;
        return query
            with picked as (
                select d.tenant_id, d.notification_id, d.channel
                  from dispatch_due d
                 where d.tenant_id = v_tenant
                   and d.kind = v_kind
                   and d.channel = v_channel
                   and d.kind <> 'held'
                   and d.due_at <= p_now
                   and (d.lease_until is null or d.lease_until <= p_now)
                 order by d.due_at
                 limit v_room
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

revoke all on function dispatch_due_take_lanes from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function dispatch_due_take_lanes to orqestra_app;
    end if;
end
$$;
