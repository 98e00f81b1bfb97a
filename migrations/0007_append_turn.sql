-- Appends take turns by a lock that needs a right, and the keys of a month expire by one row.
--
-- Before, appends took an advisory lock, which any role that can connect could hold. The lock of a table needs a right
-- to that table; only its owner has one, and the functions run as the owner. SHARE UPDATE EXCLUSIVE excludes itself,
-- and neither readers nor writers of rows. Both functions keep their signatures, so that processes of the version
-- before call the new bodies. A call of an old body that is under way meanwhile is fenced by `events_position_key`.

-- Waits for the appends and claims that are under way, and keeps new ones out until this migration is stored. Before
-- anything else, in the order in which an append takes its tables. Only a role that may write them can hold this up.
lock table events, idempotency_keys in share row exclusive mode;

create table append_turn ();
comment on table append_turn is 'Holds no rows. Its lock gives one append or claim the turn; only the owner can take it.';
revoke all on append_turn from public;

create table rebuild_turn ();
comment on table rebuild_turn is 'Holds no rows. Its lock gives one rebuild of a projection the turn.';
revoke all on rebuild_turn from public;

create table expired_months (
    tenant_id uuid not null,
    month integer not null,
    expired_at timestamptz not null default clock_timestamp(),
    emptied_at timestamptz,
    constraint expired_months_pkey primary key (tenant_id, month)
);
comment on table expired_months is 'Months whose recipients'' keys are destroyed: no such key is used or made any more.';
comment on column expired_months.month is 'year * 100 + month of acceptance';
comment on column expired_months.emptied_at is 'When the last of the month''s keys was deleted; null until then.';
create index expired_months_to_empty on expired_months (tenant_id, month) where emptied_at is null;
revoke all on expired_months from public;

create index data_keys_month on data_keys (tenant_id, month) where kind = 2;

create or replace function append_batch(
    p_now timestamptz,
    -- One entry a command: how many events it has.
    c_events integer[],
    -- One entry an event, in the order of the commands.
    e_command integer[],
    e_first boolean[],
    e_aggregate_type text[],
    e_aggregate_id text[],
    e_sequence bigint[],
    e_event_type text[],
    e_event_version text[],
    e_payload text[],
    e_metadata text[],
    e_event_id uuid[],
    e_tenant_id uuid[],
    e_recorded_at timestamptz[],
    e_leaf bytea[],
    -- One entry an idempotency key claimed.
    i_command integer[],
    i_tenant_id uuid[],
    i_key text[],
    i_notification_id uuid[],
    i_expires_at timestamptz[],
    -- One entry a data key that comes with its command.
    n_command integer[],
    n_key_id uuid[],
    n_tenant_id uuid[],
    n_kind smallint[],
    n_recipient_ref bytea[],
    n_month integer[],
    n_wrapped bytea[],
    -- One entry a data key that a command relies on.
    u_command integer[],
    u_key_id uuid[],
    -- One entry a destruction of keys: of a recipient, or of a month.
    d_command integer[],
    d_tenant_id uuid[],
    d_recipient_ref bytea[],
    d_month integer[]
)
    returns table (
        command integer,
        -- 0 recorded, 1 conflict, 2 idempotency key taken, 3 data key gone, 4 data key made by another
        status smallint,
        first_position bigint,
        actual bigint,
        detail jsonb
    )
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_head bigint;
    v_actual bigint[];
    v_status smallint[];
    v_detail jsonb[];
    v_placed bigint;
    v_refusal record;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_batch needs READ COMMITTED';
    end if;
    lock table append_turn in share update exclusive mode;

    select array_agg(s.actual order by s.command),
           array_agg(case when s.actual = s.expected then 0::smallint else 1::smallint end order by s.command)
      into v_actual, v_status
      from (
            select e.command,
                   e.sequence - 1 as expected,
                   coalesce((
                       select v.sequence
                         from events v
                        where v.aggregate_type = e.aggregate_type and v.aggregate_id = e.aggregate_id
                        order by v.sequence desc
                        limit 1
                   ), 0) as actual
              from unnest(e_command, e_first, e_aggregate_type, e_aggregate_id, e_sequence)
                   as e (command, first, aggregate_type, aggregate_id, sequence)
             where e.first
            offset 0
           ) s;
    if cardinality(v_status) is distinct from cardinality(c_events) then
        raise exception 'append_batch needs an event for each command';
    end if;
    v_detail := array_fill(null::jsonb, array[cardinality(c_events)]);

    -- A LIMIT in each look-up keeps it one probe of the index, whatever the planner thinks of the tables.
    if cardinality(i_command) > 0 then
        for v_refusal in
            select i.command, held.notification_id
              from unnest(i_command, i_tenant_id, i_key) as i (command, tenant_id, key)
             cross join lateral (
                   select k.notification_id
                     from idempotency_keys k
                    where k.tenant_id = i.tenant_id and k.key = i.key and k.expires_at > p_now
                    limit 1
                   ) held
        loop
            if v_status[v_refusal.command] = 0 then
                v_status[v_refusal.command] := 2;
                v_detail[v_refusal.command] := to_jsonb(v_refusal.notification_id);
            end if;
        end loop;
    end if;

    if cardinality(u_command) > 0 then
        for v_refusal in
            select u.command, u.key_id
              from unnest(u_command, u_key_id) as u (command, key_id)
             where (select true
                      from data_keys k
                     where k.key_id = u.key_id
                       and (select true
                              from expired_months x
                             where x.tenant_id = k.tenant_id and x.month = k.month
                             limit 1) is null
                     limit 1) is null
        loop
            if v_status[v_refusal.command] = 0 then
                v_status[v_refusal.command] := 3;
                v_detail[v_refusal.command] := to_jsonb(v_refusal.key_id);
            end if;
        end loop;
    end if;

    if cardinality(n_command) > 0 then
        for v_refusal in
            select n.command, n.key_id
              from unnest(n_command, n_key_id, n_tenant_id, n_month) as n (command, key_id, tenant_id, month)
             where (select true
                      from expired_months x
                     where x.tenant_id = n.tenant_id and x.month = n.month
                     limit 1)
        loop
            if v_status[v_refusal.command] = 0 then
                v_status[v_refusal.command] := 3;
                v_detail[v_refusal.command] := to_jsonb(v_refusal.key_id);
            end if;
        end loop;

        for v_refusal in
            select n.command, n.ordinal, held.key_id, held.wrapped
              from unnest(n_command, n_tenant_id, n_kind, n_recipient_ref, n_month) with ordinality
                   as n (command, tenant_id, kind, recipient_ref, month, ordinal)
             cross join lateral (
                   (select k.key_id, k.wrapped
                      from data_keys k
                     where k.tenant_id = n.tenant_id and k.kind = n.kind
                       and k.recipient_ref = n.recipient_ref and k.month = n.month
                     limit 1)
                   union all
                   (select k.key_id, k.wrapped
                      from data_keys k
                     where n.recipient_ref is null and k.tenant_id = n.tenant_id and k.kind = n.kind
                       and k.recipient_ref is null and k.month is null
                     limit 1)
                   ) held
        loop
            if v_status[v_refusal.command] in (0, 4) then
                v_status[v_refusal.command] := 4;
                v_detail[v_refusal.command] := coalesce(v_detail[v_refusal.command], '[]'::jsonb)
                    || jsonb_build_array(jsonb_build_object(
                           'ordinal', v_refusal.ordinal,
                           'keyId', v_refusal.key_id,
                           'wrapped', encode(v_refusal.wrapped, 'hex')));
            end if;
        end loop;
    end if;

    v_head := coalesce((select v.position from events v order by v.position desc limit 1), 0);

    insert into events (
        aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        position, event_id, tenant_id, recorded_at, leaf
    )
    select e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
           e.payload::json, e.metadata::json,
           v_head + row_number() over (order by e.ordinal),
           e.event_id, e.tenant_id, e.recorded_at, e.leaf
      from unnest(e_command, e_aggregate_type, e_aggregate_id, e_sequence, e_event_type, e_event_version,
                  e_payload, e_metadata, e_event_id, e_tenant_id, e_recorded_at, e_leaf) with ordinality
           as e (command, aggregate_type, aggregate_id, sequence, event_type, event_version,
                 payload, metadata, event_id, tenant_id, recorded_at, leaf, ordinal)
     where v_status[e.command] = 0;
    get diagnostics v_placed = row_count;

    if v_placed > 0 then
        if cardinality(i_command) > 0 then
            insert into idempotency_keys as held (tenant_id, key, notification_id, expires_at)
            select i.tenant_id, i.key, i.notification_id, i.expires_at
              from unnest(i_command, i_tenant_id, i_key, i_notification_id, i_expires_at)
                   as i (command, tenant_id, key, notification_id, expires_at)
             where v_status[i.command] = 0
                on conflict on constraint idempotency_keys_pkey do update
               set notification_id = excluded.notification_id, expires_at = excluded.expires_at
             where held.expires_at <= p_now;
        end if;

        if cardinality(n_command) > 0 then
            insert into data_keys (key_id, tenant_id, kind, recipient_ref, month, wrapped)
            select n.key_id, n.tenant_id, n.kind, n.recipient_ref, n.month, n.wrapped
              from unnest(n_command, n_key_id, n_tenant_id, n_kind, n_recipient_ref, n_month, n_wrapped)
                   as n (command, key_id, tenant_id, kind, recipient_ref, month, wrapped)
             where v_status[n.command] = 0;
        end if;

        if cardinality(d_command) > 0 then
            for v_refusal in
                select d.tenant_id, d.recipient_ref, d.month
                  from unnest(d_command, d_tenant_id, d_recipient_ref, d_month)
                       as d (command, tenant_id, recipient_ref, month)
                 where v_status[d.command] = 0
            loop
                if v_refusal.recipient_ref is not null then
                    delete from data_keys k
                     where k.tenant_id = v_refusal.tenant_id and k.kind = 2
                       and k.recipient_ref = v_refusal.recipient_ref;
                else
                    -- A month can have a million keys: one row here ends them all, and `destroy_expired_keys` deletes
                    -- them afterwards, without this lock.
                    insert into expired_months (tenant_id, month)
                    values (v_refusal.tenant_id, v_refusal.month)
                        on conflict on constraint expired_months_pkey do update set emptied_at = null;
                end if;
            end loop;
        end if;

        -- Any role can fill the queue of notices, and a full queue would fail this transaction. Without the notice
        -- other processes find the events by their next look at the head.
        if pg_notification_queue_usage() < 0.5 then
            perform pg_notify('orqestra_log', (v_head + v_placed)::text);
        end if;
    end if;

    return query
    select c.ordinal::integer,
           c.status,
           case when c.status = 0 then
               (v_head + 1 + sum(case when c.status = 0 then c.events else 0 end) over (order by c.ordinal)
                - c.events)::bigint
           end,
           c.actual,
           c.detail
      from unnest(v_status, c_events, v_actual, v_detail) with ordinality
           as c (status, events, actual, detail, ordinal);
end
$$;

create or replace function claim_idempotency_keys(
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
        lock table append_turn in share update exclusive mode;
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

-- Deletes keys of expired months, at most `p_limit`, and says how many. Takes no turn of the appends: the row in
-- `expired_months` has ended the keys already.
create function destroy_expired_keys(p_limit integer)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set jit = off
as $$
declare
    v_month record;
    v_deleted integer;
    v_all integer := 0;
begin
    for v_month in
        select x.tenant_id, x.month from expired_months x where x.emptied_at is null for update skip locked
    loop
        delete from data_keys k
         where k.key_id in (
               select d.key_id
                 from data_keys d
                where d.tenant_id = v_month.tenant_id and d.kind = 2 and d.month = v_month.month
                limit p_limit - v_all
               );
        get diagnostics v_deleted = row_count;
        v_all := v_all + v_deleted;
        exit when v_all >= p_limit;
        update expired_months x
           set emptied_at = clock_timestamp()
         where x.tenant_id = v_month.tenant_id and x.month = v_month.month;
    end loop;
    return v_all;
end
$$;

comment on function destroy_expired_keys is 'Deletes a batch of the keys of expired months and says how many.';

revoke all on function destroy_expired_keys from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select on expired_months to orqestra_app;
        grant execute on function destroy_expired_keys to orqestra_app;
    end if;
end
$$;
