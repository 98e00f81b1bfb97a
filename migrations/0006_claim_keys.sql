-- Claims for events that are stored already: a repeat that brings a key of its own.
--
-- One row back a claim, in their order: who holds the key from now on, the claim itself or an earlier one. A key that
-- is held needs no lock; one that is free is claimed under the lock of `append_batch`, which would otherwise record an
-- event whose key was claimed between its look and its insert. VOLATILE, so that each statement sees what was
-- committed before the lock was taken.
create function claim_idempotency_keys(
    p_now timestamptz,
    p_tenant_id uuid[],
    p_key text[],
    p_notification_id uuid[],
    p_expires_at timestamptz[]
)
    returns table (holder uuid, held_until timestamptz)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'claim_idempotency_keys needs READ COMMITTED';
    end if;

    if exists (
        select from unnest(p_tenant_id, p_key) as c (tenant_id, key)
         where (select true from idempotency_keys k
                 where k.tenant_id = c.tenant_id and k.key = c.key and k.expires_at > p_now
                 limit 1) is null
    ) then
        perform pg_advisory_xact_lock(7237117320415929455);
        -- Of several claims of one key the first holds it: a row can be written once in a statement.
        insert into idempotency_keys as held (tenant_id, key, notification_id, expires_at)
        select distinct on (c.tenant_id, c.key) c.tenant_id, c.key, c.notification_id, c.expires_at
          from unnest(p_tenant_id, p_key, p_notification_id, p_expires_at) with ordinality
               as c (tenant_id, key, notification_id, expires_at, ordinal)
         order by c.tenant_id, c.key, c.ordinal
            on conflict on constraint idempotency_keys_pkey do update
           set notification_id = excluded.notification_id, expires_at = excluded.expires_at
         where held.expires_at <= p_now;
    end if;

    return query
    select held.notification_id, held.expires_at
      from unnest(p_tenant_id, p_key) with ordinality as c (tenant_id, key, ordinal)
      left join lateral (
           select k.notification_id, k.expires_at
             from idempotency_keys k
            where k.tenant_id = c.tenant_id and k.key = c.key
            limit 1
           ) held on true
     order by c.ordinal;
end
$$;

comment on function claim_idempotency_keys is 'Claims keys for stored events; one row a claim back, who holds the key.';

revoke all on function claim_idempotency_keys from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function claim_idempotency_keys to orqestra_app;
    end if;
end
$$;
