-- As `dispatch_due_take_lanes`, by a clock that may have jumped.
--
-- Sweeps are left alone while the time has not run evenly for long enough. What was leased, or is to be swept, later than
-- anything of now can be, was reckoned before the clock was set back: the lease is over, and the sweep is taken.
-- `dispatch_due_take_lanes` stays for processes of the version before.
create function dispatch_due_take_steady(
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
    p_limit integer,
    -- Null: sweeps are passed over.
    p_sweeps_until timestamptz
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
    v_from timestamptz;
    v_to timestamptz;
    -- Clocks of one installation are not further apart than this.
    c_apart constant interval := interval '1 minute';
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
        continue when v_kind = 'sweep' and p_sweeps_until is null;
        v_room := p_room[array_position(p_known, v_tenant::text || '/' || v_kind || '/' || v_channel)];
        v_room := least(coalesce(v_room, p_share), greatest(1, v_left / 4));
        continue when v_room <= 0;
        -- A sweep lane has two stretches: what is due, and what was reckoned before the clock was set back.
        for v_stretch in 1 .. case when v_kind = 'sweep' then 2 else 1 end loop
            v_from := case v_stretch when 1 then '-infinity' else p_sweeps_until + c_apart end;
            v_to := case v_stretch when 1 then p_now else 'infinity' end;
            return query
                with picked as (
                    select d.tenant_id, d.notification_id, d.channel
                      from dispatch_due d
                     where d.tenant_id = v_tenant
                       and d.kind = v_kind
                       and d.channel = v_channel
                       and d.kind <> 'held'
                       and d.due_at > v_from
                       and d.due_at <= v_to
                       and (d.lease_until is null or d.lease_until <= p_now or d.lease_until > p_until + c_apart)
                     order by d.due_at
                     limit v_room
                       for update skip locked
                )
                update dispatch_due d
                   set lease_owner = p_owner, lease_until = p_until
                  from picked p
                 where d.tenant_id = p.tenant_id and d.notification_id = p.notification_id
                   and d.channel = p.channel
                returning d.tenant_id, d.notification_id, d.channel, d.kind, d.due_at, d.attempt;
            get diagnostics v_taken = row_count;
            v_left := v_left - v_taken;
            v_room := v_room - v_taken;
        end loop;
    end loop;
end
$$;

revoke all on function dispatch_due_take_steady from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function dispatch_due_take_steady to orqestra_app;
    end if;
end
$$;
