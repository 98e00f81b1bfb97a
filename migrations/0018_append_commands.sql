-- An append takes its parts as six rows of arrays, and looks at log, configuration and commands in one function.
--
-- PL/pgSQL makes each argument that is an array an object of its own at the call, with memory of its own, and gives it away
-- again: with 41 arrays, and a call of `append_batch` within, that cost as much as what is stored. An argument that is a row
-- is taken as it comes, with the arrays in it.
--
-- It answers as `append_batch_since` does, which stays for processes of the versions before.

-- One entry an event in the order of the commands; `counts` has one a command: how many events it has.
create type append_events as (
    counts integer[],
    command integer[],
    first boolean[],
    aggregate_type text[],
    aggregate_id text[],
    sequence bigint[],
    event_type text[],
    event_version text[],
    payload text[],
    metadata text[],
    event_id uuid[],
    tenant_id uuid[],
    recorded_at timestamptz[],
    leaf bytea[]
);
comment on type append_events is 'The events of a batch of commands.';

-- One entry an idempotency key claimed.
create type append_claims as (
    command integer[],
    tenant_id uuid[],
    key text[],
    notification_id uuid[],
    expires_at timestamptz[]
);
comment on type append_claims is 'The idempotency keys that commands claim.';

-- One entry a data key that comes with its command.
create type append_new_keys as (
    command integer[],
    key_id uuid[],
    tenant_id uuid[],
    kind smallint[],
    recipient_ref bytea[],
    month integer[],
    wrapped bytea[]
);
comment on type append_new_keys is 'The data keys that come with commands.';

-- One entry a data key that a command relies on.
create type append_used_keys as (
    command integer[],
    key_id uuid[]
);
comment on type append_used_keys is 'The data keys that commands rely on.';

-- One entry a destruction of keys: of a recipient, or of a month.
create type append_destroyed as (
    command integer[],
    tenant_id uuid[],
    recipient_ref bytea[],
    month integer[]
);
comment on type append_destroyed is 'The data keys that commands destroy.';

-- One entry a command that rests on the configuration: whose, and up to which position it was read. `oldest` is the least of
-- these positions.
create type append_configured as (
    command integer[],
    tenant_id uuid[],
    position bigint[],
    oldest bigint
);
comment on type append_configured is 'The configuration that commands rest on.';

create function append_commands(
    -- The last position known and its event, and the log's id and epoch.
    p_position bigint,
    p_event_id uuid,
    p_log_id uuid,
    p_epoch bigint,
    p_now timestamptz,
    -- Arrays that are null are empty.
    p_events append_events,
    p_claims append_claims,
    p_new_keys append_new_keys,
    p_used_keys append_used_keys,
    p_destroyed append_destroyed,
    p_configured append_configured
)
    -- No rows where the log is not the one known.
    returns table (
        command integer,
        -- 0 recorded, 1 conflict, 2 idempotency key taken, 3 data key gone, 4 data key made by another,
        -- 5 the configuration has changed
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
    set enable_bitmapscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    -- The platform's templates answer for every tenant.
    c_platform constant uuid := '6f727165-7374-7261-8000-706c6174666d';
    v_is_known boolean;
    v_event_id uuid;
    v_head bigint;
    v_is_reconfigured boolean;
    v_actual bigint[];
    v_status smallint[];
    v_detail jsonb[];
    v_placed bigint;
    v_refusal record;
    v_sent text;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_commands needs READ COMMITTED';
    end if;
    lock table append_turn in share update exclusive mode;
    select (select true from log_identity i where i.log_id = p_log_id and i.epoch = p_epoch),
           (select e.event_id from events e where e.position = p_position),
           coalesce((select v.position from events v order by v.position desc limit 1), 0),
           exists (select from events e
                    where e.aggregate_type in ('Tenant', 'Template') and e.position > p_configured.oldest)
      into v_is_known, v_event_id, v_head, v_is_reconfigured;
    if v_is_known is null or v_event_id is distinct from p_event_id then
        return;
    end if;

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
              from unnest(p_events.command, p_events.first, p_events.aggregate_type, p_events.aggregate_id,
                          p_events.sequence)
                   as e (command, first, aggregate_type, aggregate_id, sequence)
             where e.first
            offset 0
           ) s;
    if cardinality(v_status) is distinct from cardinality(p_events.counts) then
        raise exception 'append_commands needs an event for each command';
    end if;
    v_detail := array_fill(null::jsonb, array[cardinality(p_events.counts)]);

    -- A LIMIT in each look-up keeps it one probe of the index, whatever the planner thinks of the tables.
    if cardinality(p_claims.command) > 0 then
        for v_refusal in
            select i.command, held.notification_id
              from unnest(p_claims.command, p_claims.tenant_id, p_claims.key) as i (command, tenant_id, key)
             cross join lateral (
                   -- The time is looked at outside: its index would serve too, and reads all keys that have not run out.
                   select k.notification_id
                     from (
                          select h.notification_id, h.expires_at
                            from idempotency_keys h
                           where h.tenant_id = i.tenant_id and h.key = i.key
                           limit 1
                          ) k
                    where k.expires_at > p_now
                   ) held
        loop
            if v_status[v_refusal.command] = 0 then
                v_status[v_refusal.command] := 2;
                v_detail[v_refusal.command] := to_jsonb(v_refusal.notification_id);
            end if;
        end loop;
    end if;

    if v_is_reconfigured then
        for v_refusal in
            select r.command
              from unnest(p_configured.command, p_configured.tenant_id, p_configured.position)
                   as r (command, tenant_id, position)
             where exists (select from events e
                            where e.aggregate_type in ('Tenant', 'Template') and e.position > r.position
                              and e.tenant_id in (r.tenant_id, c_platform))
        loop
            if v_status[v_refusal.command] = 0 then
                v_status[v_refusal.command] := 5;
            end if;
        end loop;
    end if;

    if cardinality(p_used_keys.command) > 0 then
        for v_refusal in
            select u.command, u.key_id
              from unnest(p_used_keys.command, p_used_keys.key_id) as u (command, key_id)
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

    if cardinality(p_new_keys.command) > 0 then
        for v_refusal in
            select n.command, n.key_id
              from unnest(p_new_keys.command, p_new_keys.key_id, p_new_keys.tenant_id, p_new_keys.month)
                   as n (command, key_id, tenant_id, month)
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
              from unnest(p_new_keys.command, p_new_keys.tenant_id, p_new_keys.kind, p_new_keys.recipient_ref,
                          p_new_keys.month) with ordinality
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

    insert into events (
        aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        position, event_id, tenant_id, recorded_at, leaf
    )
    select e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
           e.payload::json, e.metadata::json,
           v_head + row_number() over (order by e.ordinal),
           e.event_id, e.tenant_id, e.recorded_at, e.leaf
      from unnest(p_events.command, p_events.aggregate_type, p_events.aggregate_id, p_events.sequence,
                  p_events.event_type, p_events.event_version, p_events.payload, p_events.metadata,
                  p_events.event_id, p_events.tenant_id, p_events.recorded_at, p_events.leaf) with ordinality
           as e (command, aggregate_type, aggregate_id, sequence, event_type, event_version,
                 payload, metadata, event_id, tenant_id, recorded_at, leaf, ordinal)
     where v_status[e.command] = 0;
    get diagnostics v_placed = row_count;

    if v_placed > 0 then
        if cardinality(p_claims.command) > 0 then
            insert into idempotency_keys as held (tenant_id, key, notification_id, expires_at)
            select i.tenant_id, i.key, i.notification_id, i.expires_at
              from unnest(p_claims.command, p_claims.tenant_id, p_claims.key, p_claims.notification_id,
                          p_claims.expires_at)
                   as i (command, tenant_id, key, notification_id, expires_at)
             where v_status[i.command] = 0
                on conflict on constraint idempotency_keys_pkey do update
               set notification_id = excluded.notification_id, expires_at = excluded.expires_at
             where held.expires_at <= p_now;
        end if;

        if cardinality(p_new_keys.command) > 0 then
            insert into data_keys (key_id, tenant_id, kind, recipient_ref, month, wrapped)
            select n.key_id, n.tenant_id, n.kind, n.recipient_ref, n.month, n.wrapped
              from unnest(p_new_keys.command, p_new_keys.key_id, p_new_keys.tenant_id, p_new_keys.kind,
                          p_new_keys.recipient_ref, p_new_keys.month, p_new_keys.wrapped)
                   as n (command, key_id, tenant_id, kind, recipient_ref, month, wrapped)
             where v_status[n.command] = 0;
        end if;

        if cardinality(p_destroyed.command) > 0 then
            for v_refusal in
                select d.tenant_id, d.recipient_ref, d.month
                  from unnest(p_destroyed.command, p_destroyed.tenant_id, p_destroyed.recipient_ref,
                              p_destroyed.month)
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
            -- An assignment, which needs no statement of its own.
            v_sent := pg_notify('orqestra_log', (v_head + v_placed)::text)::text;
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
      from unnest(v_status, p_events.counts, v_actual, v_detail) with ordinality
           as c (status, events, actual, detail, ordinal);
end
$$;

comment on table events is 'Append-only. Rows come in through append_commands alone and never change.';
comment on function append_commands is 'Appends a batch of commands; one row a command back, refusals included.';
revoke all on function append_commands from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function append_commands to orqestra_app;
    end if;
end
$$;
