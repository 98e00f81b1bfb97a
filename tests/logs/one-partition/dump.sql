--
-- PostgreSQL database dump
--

\restrict 7dYNKeUY6Hrym0aK67JeBAkHBXHGhYEQngquZj58Pb0aSqQ2sqzxguQD8MKbUWM

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: append_claims; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.append_claims AS (
	command integer[],
	tenant_id uuid[],
	key text[],
	notification_id uuid[],
	expires_at timestamp with time zone[]
);


--
-- Name: TYPE append_claims; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.append_claims IS 'The idempotency keys that commands claim.';


--
-- Name: append_configured; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.append_configured AS (
	command integer[],
	tenant_id uuid[],
	"position" bigint[],
	oldest bigint
);


--
-- Name: TYPE append_configured; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.append_configured IS 'The configuration that commands rest on.';


--
-- Name: append_destroyed; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.append_destroyed AS (
	command integer[],
	tenant_id uuid[],
	recipient_ref bytea[],
	month integer[]
);


--
-- Name: TYPE append_destroyed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.append_destroyed IS 'The data keys that commands destroy.';


--
-- Name: append_events; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.append_events AS (
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
	recorded_at timestamp with time zone[],
	leaf bytea[]
);


--
-- Name: TYPE append_events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.append_events IS 'The events of a batch of commands.';


--
-- Name: append_new_keys; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.append_new_keys AS (
	command integer[],
	key_id uuid[],
	tenant_id uuid[],
	kind smallint[],
	recipient_ref bytea[],
	month integer[],
	wrapped bytea[]
);


--
-- Name: TYPE append_new_keys; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.append_new_keys IS 'The data keys that come with commands.';


--
-- Name: append_used_keys; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.append_used_keys AS (
	command integer[],
	key_id uuid[]
);


--
-- Name: TYPE append_used_keys; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TYPE public.append_used_keys IS 'The data keys that commands rely on.';


--
-- Name: append_batch(timestamp with time zone, integer[], integer[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], uuid[], uuid[], timestamp with time zone[], bytea[], integer[], uuid[], text[], uuid[], timestamp with time zone[], integer[], uuid[], uuid[], smallint[], bytea[], integer[], bytea[], integer[], uuid[], integer[], uuid[], bytea[], integer[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) RETURNS TABLE(command integer, status smallint, first_position bigint, actual bigint, detail jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: FUNCTION append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) IS 'Appends a batch of commands; one row a command back, refusals included.';


--
-- Name: append_batch_of(bigint, uuid, uuid, bigint, timestamp with time zone, integer[], integer[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], uuid[], uuid[], timestamp with time zone[], bytea[], integer[], uuid[], text[], uuid[], timestamp with time zone[], integer[], uuid[], uuid[], smallint[], bytea[], integer[], bytea[], integer[], uuid[], integer[], uuid[], bytea[], integer[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.append_batch_of(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) RETURNS TABLE(command integer, status smallint, first_position bigint, actual bigint, detail jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_batch_of needs READ COMMITTED';
    end if;
    lock table append_turn in share update exclusive mode;
    if exists (select from log_identity i where i.log_id = p_log_id and i.epoch = p_epoch)
       and (select e.event_id from events e where e.position = p_position) is not distinct from p_event_id
    then
        return query
        select b.command, b.status, b.first_position, b.actual, b.detail
          from append_batch(
               p_now, c_events, e_command, e_first, e_aggregate_type, e_aggregate_id, e_sequence, e_event_type,
               e_event_version, e_payload, e_metadata, e_event_id, e_tenant_id, e_recorded_at, e_leaf, i_command,
               i_tenant_id, i_key, i_notification_id, i_expires_at, n_command, n_key_id, n_tenant_id, n_kind,
               n_recipient_ref, n_month, n_wrapped, u_command, u_key_id, d_command, d_tenant_id, d_recipient_ref,
               d_month
               ) b;
    end if;
end
$$;


--
-- Name: FUNCTION append_batch_of(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.append_batch_of(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) IS 'As append_batch, for a log that is still the one known; else no rows.';


--
-- Name: append_batch_since(bigint, uuid, uuid, bigint, timestamp with time zone, integer[], integer[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], uuid[], uuid[], timestamp with time zone[], bytea[], integer[], uuid[], text[], uuid[], timestamp with time zone[], integer[], uuid[], uuid[], smallint[], bytea[], integer[], bytea[], integer[], uuid[], integer[], uuid[], bytea[], integer[], integer[], uuid[], bigint[], bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.append_batch_since(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[], r_command integer[], r_tenant_id uuid[], r_position bigint[], r_oldest bigint) RETURNS TABLE(command integer, status smallint, first_position bigint, actual bigint, detail jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    -- No key has this id: a command that is said to use it is refused, and told apart by it.
    c_no_key constant uuid := '00000000-0000-0000-0000-000000000000';
    -- The platform's templates answer for every tenant.
    c_platform constant uuid := '6f727165-7374-7261-8000-706c6174666d';
    v_stale integer[] := '{}';
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_batch_since needs READ COMMITTED';
    end if;
    lock table append_turn in share update exclusive mode;
    if not exists (select from log_identity i where i.log_id = p_log_id and i.epoch = p_epoch)
       or (select e.event_id from events e where e.position = p_position) is distinct from p_event_id
    then
        return;
    end if;
    if exists (select from events e where e.aggregate_type in ('Tenant', 'Template') and e.position > r_oldest) then
        v_stale := coalesce((
            select array_agg(r.command)
              from unnest(r_command, r_tenant_id, r_position) as r (command, tenant_id, position)
             where exists (select from events e
                            where e.aggregate_type in ('Tenant', 'Template') and e.position > r.position
                              and e.tenant_id in (r.tenant_id, c_platform))
        ), '{}');
    end if;
    return query
    select b.command,
           case when b.status = 3 and b.detail = to_jsonb(c_no_key) then 5::smallint else b.status end,
           b.first_position, b.actual, b.detail
      from append_batch(
           p_now, c_events, e_command, e_first, e_aggregate_type, e_aggregate_id, e_sequence, e_event_type,
           e_event_version, e_payload, e_metadata, e_event_id, e_tenant_id, e_recorded_at, e_leaf, i_command,
           i_tenant_id, i_key, i_notification_id, i_expires_at, n_command, n_key_id, n_tenant_id, n_kind,
           n_recipient_ref, n_month, n_wrapped, v_stale || u_command,
           array_fill(c_no_key, array[cardinality(v_stale)]) || u_key_id,
           d_command, d_tenant_id, d_recipient_ref, d_month
           ) b;
end
$$;


--
-- Name: FUNCTION append_batch_since(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[], r_command integer[], r_tenant_id uuid[], r_position bigint[], r_oldest bigint); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.append_batch_since(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[], r_command integer[], r_tenant_id uuid[], r_position bigint[], r_oldest bigint) IS 'As append_batch_of; commands that rest on a configuration which has changed since are refused.';


--
-- Name: append_commands(bigint, uuid, uuid, bigint, timestamp with time zone, public.append_events, public.append_claims, public.append_new_keys, public.append_used_keys, public.append_destroyed, public.append_configured); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.append_commands(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, p_events public.append_events, p_claims public.append_claims, p_new_keys public.append_new_keys, p_used_keys public.append_used_keys, p_destroyed public.append_destroyed, p_configured public.append_configured) RETURNS TABLE(command integer, status smallint, first_position bigint, actual bigint, detail jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: FUNCTION append_commands(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, p_events public.append_events, p_claims public.append_claims, p_new_keys public.append_new_keys, p_used_keys public.append_used_keys, p_destroyed public.append_destroyed, p_configured public.append_configured); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.append_commands(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, p_events public.append_events, p_claims public.append_claims, p_new_keys public.append_new_keys, p_used_keys public.append_used_keys, p_destroyed public.append_destroyed, p_configured public.append_configured) IS 'Appends a batch of commands; one row a command back, refusals included.';


--
-- Name: claim_idempotency_keys(timestamp with time zone, uuid[], text[], uuid[], timestamp with time zone[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) RETURNS TABLE(holder uuid, held_until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: FUNCTION claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) IS 'Claims keys for stored events; one row a claim back, who holds the key.';


--
-- Name: deliveries_drop_event_id(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.deliveries_drop_event_id() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    new.event_id := null;
    return new;
end
$$;


--
-- Name: FUNCTION deliveries_drop_event_id(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.deliveries_drop_event_id() IS 'Keeps the caller''s id of an event out of the read model.';


--
-- Name: destroy_expired_keys(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.destroy_expired_keys(p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
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


--
-- Name: FUNCTION destroy_expired_keys(p_limit integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.destroy_expired_keys(p_limit integer) IS 'Deletes a batch of the keys of expired months and says how many.';


--
-- Name: dispatch_due_apply(uuid[], uuid[], text[], uuid[], uuid[], text[], text[], timestamp with time zone[], integer[], boolean[], uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.dispatch_due_apply(g_tenant_id uuid[], g_notification_id uuid[], g_channel text[], p_tenant_id uuid[], p_notification_id uuid[], p_channel text[], p_kind text[], p_due_at timestamp with time zone[], p_attempt integer[], p_leased boolean[], p_owner uuid, p_until timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: dispatch_due_take(timestamp with time zone, uuid, timestamp with time zone, uuid, uuid[], integer, integer, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.dispatch_due_take(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after uuid, p_skip uuid[], p_tenants integer, p_share integer, p_limit integer) RETURNS TABLE(tenant_id uuid, notification_id uuid, channel text, kind text, due_at timestamp with time zone, attempt integer)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: dispatch_due_take_lanes(timestamp with time zone, uuid, timestamp with time zone, uuid, text, text, text[], integer[], integer, integer, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.dispatch_due_take_lanes(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer) RETURNS TABLE(tenant_id uuid, notification_id uuid, channel text, kind text, due_at timestamp with time zone, attempt integer)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: dispatch_due_take_steady(timestamp with time zone, uuid, timestamp with time zone, uuid, text, text, text[], integer[], integer, integer, integer, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.dispatch_due_take_steady(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer, p_sweeps_until timestamp with time zone) RETURNS TABLE(tenant_id uuid, notification_id uuid, channel text, kind text, due_at timestamp with time zone, attempt integer)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: idempotency_keys_drop_asked(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.idempotency_keys_drop_asked() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    return null;
end
$$;


--
-- Name: FUNCTION idempotency_keys_drop_asked(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.idempotency_keys_drop_asked() IS 'Keeps what is only looked for from being stored.';


--
-- Name: log_configuration_end(bigint, integer, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_configuration_end(p_after bigint, p_most integer, p_bytes bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    v_reached bigint := p_after;
    v_bytes bigint := 0;
    v_event record;
begin
    for v_event in
        select e.position,
               case
                   when pg_column_compression(e.payload) is null then 512 + pg_column_size(e.payload)
                   else 512 + octet_length(e.payload::text)
               end as bytes
          from events e
         where e.aggregate_type in ('Tenant', 'Template') and e.position > p_after
         order by e.position
         limit p_most
    loop
        exit when v_bytes > 0 and v_bytes + v_event.bytes > p_bytes;
        v_bytes := v_bytes + v_event.bytes;
        v_reached := v_event.position;
    end loop;
    return v_reached;
end
$$;


--
-- Name: FUNCTION log_configuration_end(p_after bigint, p_most integer, p_bytes bigint); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_configuration_end(p_after bigint, p_most integer, p_bytes bigint) IS 'The last position of a byte-bounded page of tenants and templates.';


--
-- Name: log_page_end(bigint, integer, bigint, text[], text[], text[], boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_page_end(p_after bigint, p_most integer, p_bytes bigint, p_aggregate_types text[], p_event_types text[], p_other_event_types text[], p_payloads boolean) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    v_reached bigint := p_after;
    v_bytes bigint := 0;
    v_event record;
begin
    for v_event in
        select e.position,
               case
                   when not coalesce(e.aggregate_type = any (p_aggregate_types), true)
                     or not coalesce(e.event_type = any (p_event_types), true)
                     or coalesce(e.event_type = any (p_other_event_types), false) then 0
                   when not p_payloads then 512
                   when pg_column_compression(e.payload) is null then 512 + pg_column_size(e.payload)
                   else 512 + octet_length(e.payload::text)
               end as bytes
          from events e
         where e.position > p_after
         order by e.position
         limit p_most
    loop
        exit when v_bytes > 0 and v_event.bytes > 0 and v_bytes + v_event.bytes > p_bytes;
        v_bytes := v_bytes + v_event.bytes;
        v_reached := v_event.position;
    end loop;
    return v_reached;
end
$$;


--
-- Name: FUNCTION log_page_end(p_after bigint, p_most integer, p_bytes bigint, p_aggregate_types text[], p_event_types text[], p_other_event_types text[], p_payloads boolean); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_page_end(p_after bigint, p_most integer, p_bytes bigint, p_aggregate_types text[], p_event_types text[], p_other_event_types text[], p_payloads boolean) IS 'The last position of a byte-bounded page of the log.';


--
-- Name: log_streams_end(text[], text[], bigint[], bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.log_streams_end(p_aggregate_types text[], p_aggregate_ids text[], p_after bigint[], p_bytes bigint) RETURNS TABLE(stream integer, reached bigint, whole boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    v_bytes bigint := 0;
    v_event record;
begin
    -- In the order of the streams, and within one in that of its events; a stream without events has a row too. Rows are
    -- made as they are asked for.
    for v_event in
        select r.number, r.after, e.sequence, e.bytes
          from unnest(p_aggregate_types, p_aggregate_ids, p_after) with ordinality
               as r (aggregate_type, aggregate_id, after, number)
          left join lateral (
               select v.sequence,
                      case
                          when pg_column_compression(v.payload) is null then 512 + pg_column_size(v.payload)
                          else 512 + octet_length(v.payload::text)
                      end as bytes
                 from events v
                where v.aggregate_type = r.aggregate_type
                  and v.aggregate_id = r.aggregate_id
                  and v.sequence > r.after
                order by v.sequence
               offset 0
               ) e on true
    loop
        if stream is distinct from v_event.number then
            if stream is not null then
                return next;
            end if;
            if v_bytes > p_bytes then
                return;
            end if;
            stream := v_event.number;
            reached := v_event.after;
            whole := true;
        end if;
        if v_event.sequence is not null then
            if v_bytes > 0 and v_bytes + v_event.bytes > p_bytes then
                whole := false;
                return next;
                return;
            end if;
            v_bytes := v_bytes + v_event.bytes;
            reached := v_event.sequence;
        end if;
    end loop;
    if stream is not null then
        return next;
    end if;
end
$$;


--
-- Name: FUNCTION log_streams_end(p_aggregate_types text[], p_aggregate_ids text[], p_after bigint[], p_bytes bigint); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.log_streams_end(p_aggregate_types text[], p_aggregate_ids text[], p_after bigint[], p_bytes bigint) IS 'How far streams can be read together within so many bytes.';


--
-- Name: refuse_change_of_events(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change_of_events() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception 'events are append-only: % is refused', tg_op
        using errcode = 'integrity_constraint_violation', constraint = 'events_append_only';
end
$$;


--
-- Name: sandbox_messages_drop_event_id(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.sandbox_messages_drop_event_id() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    new.event_id := null;
    return new;
end
$$;


--
-- Name: FUNCTION sandbox_messages_drop_event_id(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.sandbox_messages_drop_event_id() IS 'Keeps the caller''s id of an event out of the sandbox''s clear columns.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _sqlx_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: append_turn; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.append_turn (
);


--
-- Name: TABLE append_turn; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.append_turn IS 'Holds no rows. Its lock gives one append or claim the turn; only the owner can take it.';


--
-- Name: attempts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.attempts (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    attempt integer NOT NULL,
    provider text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    outcome text NOT NULL,
    cause text,
    possible_duplicate boolean NOT NULL,
    sequence bigint NOT NULL,
    instance uuid,
    CONSTRAINT attempts_ended_check CHECK (((ended_at IS NULL) = (outcome = 'OPEN'::text))),
    CONSTRAINT attempts_outcome_check CHECK ((outcome = ANY (ARRAY['OPEN'::text, 'SUCCEEDED'::text, 'FAILED'::text, 'UNKNOWN'::text])))
)
WITH (fillfactor='80');


--
-- Name: TABLE attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.attempts IS 'One row a try of a delivery.';


--
-- Name: COLUMN attempts.attempt; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.attempt IS 'From 1, in each delivery.';


--
-- Name: COLUMN attempts.provider; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.provider IS 'The kind of the provider.';


--
-- Name: COLUMN attempts.outcome; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.outcome IS 'UNKNOWN: nobody knows whether the provider took it; a late answer overwrites it.';


--
-- Name: COLUMN attempts.cause; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.cause IS 'Of the failure, a stable code.';


--
-- Name: COLUMN attempts.possible_duplicate; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.possible_duplicate IS 'Whether an earlier attempt may have arrived.';


--
-- Name: COLUMN attempts.sequence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.sequence IS 'Of the last event in the stream that changed the row.';


--
-- Name: COLUMN attempts.instance; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.attempts.instance IS 'The provider''s entry in the configuration; null in attempts by SMTP from before it was kept.';


--
-- Name: checkpoints; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.checkpoints (
    subscription text NOT NULL,
    after bigint NOT NULL,
    "position" bigint NOT NULL,
    epoch bigint NOT NULL,
    CONSTRAINT checkpoints_forward CHECK (("position" > after))
);


--
-- Name: COLUMN checkpoints.after; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.checkpoints.after IS 'The position moved from; -1 where the subscription began.';


--
-- Name: COLUMN checkpoints."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.checkpoints."position" IS 'All events up to here are handled; that of the greatest `after` holds.';


--
-- Name: COLUMN checkpoints.epoch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.checkpoints.epoch IS 'The lease under which it moved.';


--
-- Name: data_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.data_keys (
    key_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    kind smallint NOT NULL,
    recipient_ref bytea,
    month integer,
    wrapped bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT data_keys_kind_check CHECK ((((kind = ANY (ARRAY[0, 1])) AND (recipient_ref IS NULL) AND (month IS NULL)) OR ((kind = 2) AND (recipient_ref IS NOT NULL) AND (month IS NOT NULL))))
);


--
-- Name: TABLE data_keys; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.data_keys IS 'Keys wrapped by the master key. Deleting one makes what it sealed unreadable for ever.';


--
-- Name: COLUMN data_keys.kind; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.data_keys.kind IS '0 the tenant''s secrets, 1 the tenant''s look-up hashes, 2 one recipient in one month';


--
-- Name: COLUMN data_keys.month; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.data_keys.month IS 'year * 100 + month of acceptance';


--
-- Name: dead_letters; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dead_letters (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    ended_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE dead_letters; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.dead_letters IS 'One row a delivery that is FAILED, or SKIPPED after acceptance for what an operator can mend.';


--
-- Name: COLUMN dead_letters.ended_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dead_letters.ended_at IS 'Since when it is.';


--
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deliveries (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    delivery_id uuid NOT NULL,
    recipient_ref bytea NOT NULL,
    event_id text,
    event_type text NOT NULL,
    template_id uuid,
    template_version integer,
    status text NOT NULL,
    reason text,
    provider text,
    attempts integer NOT NULL,
    last_cause text,
    provider_message_id text,
    next_due timestamp with time zone,
    possible_duplicate boolean NOT NULL,
    missing text[] NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    rendered_at timestamp with time zone,
    first_attempt_at timestamp with time zone,
    sent_at timestamp with time zone,
    held_at timestamp with time zone,
    settled_at timestamp with time zone,
    "position" bigint NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT deliveries_channel_check CHECK ((channel = ANY (ARRAY['EMAIL'::text, 'SMS'::text, 'PUSH'::text]))),
    CONSTRAINT deliveries_held_check CHECK (((held_at IS NOT NULL) = (status = 'UNKNOWN'::text))),
    CONSTRAINT deliveries_reason_check CHECK (((reason IS NOT NULL) = (status = 'SKIPPED'::text))),
    CONSTRAINT deliveries_settled_check CHECK (((settled_at IS NOT NULL) = (status = ANY (ARRAY['SKIPPED'::text, 'SENT'::text, 'FAILED'::text])))),
    CONSTRAINT deliveries_status_check CHECK ((status = ANY (ARRAY['PLANNED'::text, 'SKIPPED'::text, 'SENDING'::text, 'RETRYING'::text, 'UNKNOWN'::text, 'SENT'::text, 'FAILED'::text])))
)
WITH (fillfactor='80');


--
-- Name: TABLE deliveries; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.deliveries IS 'One row a channel of each accepted event, skipped ones too.';


--
-- Name: COLUMN deliveries.recipient_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.recipient_ref IS 'HMAC of the user id.';


--
-- Name: COLUMN deliveries.event_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.event_id IS 'Always null: the id is personal. `notification_id` is derived from it.';


--
-- Name: COLUMN deliveries.template_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.template_id IS 'The template planned at acceptance; null where the channel was skipped then.';


--
-- Name: COLUMN deliveries.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.status IS 'PLANNED, SENDING and RETRYING go on by themselves; UNKNOWN waits for an operator.';


--
-- Name: COLUMN deliveries.reason; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.reason IS 'Why it was skipped, a stable code.';


--
-- Name: COLUMN deliveries.provider; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.provider IS 'Of the last attempt.';


--
-- Name: COLUMN deliveries.last_cause; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.last_cause IS 'Of the last failure, a stable code; kept when a later attempt succeeds.';


--
-- Name: COLUMN deliveries.next_due; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.next_due IS 'When the next attempt is due; null where none is planned.';


--
-- Name: COLUMN deliveries.possible_duplicate; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.possible_duplicate IS 'Whether it was sent again although an earlier attempt may have arrived.';


--
-- Name: COLUMN deliveries.missing; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.missing IS 'Variables that the template asked for and the request lacked.';


--
-- Name: COLUMN deliveries.held_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.held_at IS 'Since when its outcome is unknown and waits for an operator.';


--
-- Name: COLUMN deliveries.settled_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.settled_at IS 'Since when it is SKIPPED, SENT or FAILED.';


--
-- Name: COLUMN deliveries."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries."position" IS 'Of the acceptance, in the log.';


--
-- Name: COLUMN deliveries.sequence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deliveries.sequence IS 'Of the last event in the stream that changed the row.';


--
-- Name: dispatch_due; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dispatch_due (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempt integer NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    waits_for text,
    due_before timestamp with time zone,
    expires_at timestamp with time zone,
    CONSTRAINT dispatch_due_channel CHECK ((channel = ANY (ARRAY['EMAIL'::text, 'SMS'::text, 'PUSH'::text]))),
    CONSTRAINT dispatch_due_kind CHECK ((kind = ANY (ARRAY['send'::text, 'sweep'::text, 'held'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='2000', autovacuum_analyze_scale_factor='0.05', autovacuum_analyze_threshold='2000', autovacuum_vacuum_cost_delay='1');


--
-- Name: TABLE dispatch_due; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.dispatch_due IS 'Unsettled deliveries: a fold of the log that can be rebuilt, and leases.';


--
-- Name: COLUMN dispatch_due.kind; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dispatch_due.kind IS 'send: the next attempt; sweep: an attempt whose outcome is overdue by then; held: an unknown outcome that waits for a decision since then.';


--
-- Name: COLUMN dispatch_due.attempt; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dispatch_due.attempt IS 'send: the attempt to make; else the attempt it is about.';


--
-- Name: COLUMN dispatch_due.lease_until; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dispatch_due.lease_until IS 'Until then the row is with `lease_owner`; others leave it alone.';


--
-- Name: COLUMN dispatch_due.waits_for; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dispatch_due.waits_for IS 'Why the delivery waits for an operator: a stable code.';


--
-- Name: COLUMN dispatch_due.due_before; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dispatch_due.due_before IS 'When a delivery that waits was due by the log; `due_at` is its deadline.';


--
-- Name: COLUMN dispatch_due.expires_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.dispatch_due.expires_at IS 'When the message stops being of use, where the trigger or the template says so.';


--
-- Name: dispatch_processes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dispatch_processes (
    owner uuid NOT NULL,
    seen_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE dispatch_processes; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.dispatch_processes IS 'One row a process that sends, by the clock of the database; each process writes its row anew every second.';


--
-- Name: event_lookup; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event_lookup (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    recipient_ref bytea NOT NULL,
    email_ref bytea,
    phone_ref bytea,
    event_type text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT event_lookup_email_ref_check CHECK ((octet_length(email_ref) = 32)),
    CONSTRAINT event_lookup_phone_ref_check CHECK ((octet_length(phone_ref) = 32)),
    CONSTRAINT event_lookup_recipient_ref_check CHECK ((octet_length(recipient_ref) = 32))
);


--
-- Name: TABLE event_lookup; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.event_lookup IS 'One row for each accepted event whose recipient was not forgotten since.';


--
-- Name: COLUMN event_lookup.recipient_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.event_lookup.recipient_ref IS 'HMAC of the user id.';


--
-- Name: COLUMN event_lookup.email_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.event_lookup.email_ref IS 'HMAC of the normalised email address; null where the event had none.';


--
-- Name: COLUMN event_lookup.phone_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.event_lookup.phone_ref IS 'HMAC of the phone number; null where the event had none.';


--
-- Name: COLUMN event_lookup."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.event_lookup."position" IS 'Of the acceptance, in the log.';


--
-- Name: event_lookup_forgotten; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event_lookup_forgotten (
    tenant_id uuid NOT NULL,
    recipient_ref bytea NOT NULL,
    "position" bigint NOT NULL
);


--
-- Name: TABLE event_lookup_forgotten; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.event_lookup_forgotten IS 'Forgotten people: rows of theirs from before the position never come back.';


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    sequence bigint NOT NULL,
    event_type text NOT NULL,
    event_version text NOT NULL,
    payload json NOT NULL,
    metadata json NOT NULL,
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    leaf bytea NOT NULL
)
WITH (toast_tuple_target='4080');
ALTER TABLE ONLY public.events ALTER COLUMN payload SET STORAGE EXTERNAL;


--
-- Name: TABLE events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.events IS 'Append-only. Rows come in through append_commands alone and never change.';


--
-- Name: COLUMN events.aggregate_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events.aggregate_id IS '<tenant uuid>/<uuid>';


--
-- Name: COLUMN events.sequence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events.sequence IS 'Dense in the stream, from 1.';


--
-- Name: COLUMN events.payload; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events.payload IS 'RFC 8785 text.';


--
-- Name: COLUMN events.metadata; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events.metadata IS 'RFC 8785 text; an object of strings.';


--
-- Name: COLUMN events."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events."position" IS 'Dense in the log, from 1, in commit order.';


--
-- Name: COLUMN events.recorded_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events.recorded_at IS 'The writing process''s clock, in microseconds.';


--
-- Name: COLUMN events.leaf; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.events.leaf IS 'SHA-256 over the RFC 8785 form of the event without its position.';


--
-- Name: expired_months; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.expired_months (
    tenant_id uuid NOT NULL,
    month integer NOT NULL,
    expired_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    emptied_at timestamp with time zone
);


--
-- Name: TABLE expired_months; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.expired_months IS 'Months whose recipients'' keys are destroyed: no such key is used or made any more.';


--
-- Name: COLUMN expired_months.month; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.expired_months.month IS 'year * 100 + month of acceptance';


--
-- Name: COLUMN expired_months.emptied_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.expired_months.emptied_at IS 'When the last of the month''s keys was deleted; null until then.';


--
-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_keys (
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    notification_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.idempotency_keys IS 'HMACs of keys that callers gave; an expired one can be claimed anew.';


--
-- Name: COLUMN idempotency_keys.notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.idempotency_keys.notification_id IS 'What the key stands for: a notification, or the tenant that an API key belongs to.';


--
-- Name: inbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inbox (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    recipient_ref bytea NOT NULL,
    delivery_id uuid NOT NULL,
    event_type text NOT NULL,
    category text,
    content_key uuid,
    content text,
    status text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    rendered_at timestamp with time zone,
    read_at timestamp with time zone,
    "position" bigint NOT NULL,
    sequence bigint NOT NULL,
    rendered_position bigint,
    CONSTRAINT inbox_rendered_check CHECK ((((rendered_at IS NULL) = (content IS NULL)) AND ((content IS NULL) = (content_key IS NULL)))),
    CONSTRAINT inbox_rendered_position_check CHECK (((rendered_at IS NULL) = (rendered_position IS NULL))),
    CONSTRAINT inbox_status_check CHECK ((status =
CASE
    WHEN (read_at IS NULL) THEN 'UNREAD'::text
    ELSE 'READ'::text
END))
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.inbox ALTER COLUMN content SET STORAGE EXTERNAL;


--
-- Name: TABLE inbox; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.inbox IS 'Pushes by recipient, newest first by (accepted_at, position).';


--
-- Name: COLUMN inbox.recipient_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.inbox.recipient_ref IS 'HMAC of the user id.';


--
-- Name: COLUMN inbox.content_key; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.inbox.content_key IS 'The data key that opens `content`.';


--
-- Name: COLUMN inbox.content; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.inbox.content IS 'The rendered push, sealed as in its event; null until then, and the row is not shown.';


--
-- Name: COLUMN inbox."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.inbox."position" IS 'Of the acceptance, in the log.';


--
-- Name: COLUMN inbox.sequence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.inbox.sequence IS 'Of the last event in the stream that changed the row.';


--
-- Name: COLUMN inbox.rendered_position; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.inbox.rendered_position IS 'Of the rendering, in the log: orders a channel''s publications. No recipient is told it.';


--
-- Name: inbox_forgotten; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.inbox_forgotten (
    tenant_id uuid NOT NULL,
    recipient_ref bytea NOT NULL,
    "position" bigint NOT NULL
);


--
-- Name: TABLE inbox_forgotten; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.inbox_forgotten IS 'What these recipients got before the position does not come back, however late an event arrives.';


--
-- Name: installation_secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.installation_secrets (
    name text NOT NULL,
    id bytea NOT NULL,
    claimed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT installation_secrets_id_length CHECK ((octet_length(id) = 8)),
    CONSTRAINT installation_secrets_name CHECK ((name = ANY (ARRAY['realtime'::text, 'admin'::text])))
);


--
-- Name: TABLE installation_secrets; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.installation_secrets IS 'The ids of the secret for realtime tokens and of the admin token that a data folder made; a row each.';


--
-- Name: leases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.leases (
    name text NOT NULL,
    epoch bigint NOT NULL,
    owner uuid NOT NULL,
    until timestamp with time zone NOT NULL,
    presence bigint DEFAULT 0 NOT NULL
);


--
-- Name: COLUMN leases.epoch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.leases.epoch IS 'Grows with each change of owner; what an older epoch writes is refused.';


--
-- Name: COLUMN leases.presence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.leases.presence IS 'An advisory lock that the owner''s process holds while it lives; 0 if it could not.';


--
-- Name: log_identity; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_identity (
    only_row boolean DEFAULT true NOT NULL,
    log_id uuid DEFAULT gen_random_uuid() NOT NULL,
    epoch bigint DEFAULT 1 NOT NULL,
    CONSTRAINT log_identity_only_row CHECK (only_row)
);


--
-- Name: COLUMN log_identity.epoch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.log_identity.epoch IS 'Grows when the log was restored from a backup.';


--
-- Name: master_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.master_key (
    only_row boolean DEFAULT true NOT NULL,
    id bytea NOT NULL,
    claimed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT master_key_id_length CHECK ((octet_length(id) = 8)),
    CONSTRAINT master_key_one_row CHECK (only_row)
);


--
-- Name: TABLE master_key; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.master_key IS 'The id of the master key that wraps all data keys; one row.';


--
-- Name: parked_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.parked_events (
    subscription text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    "position" bigint NOT NULL,
    reason text NOT NULL,
    parked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    retry boolean DEFAULT false NOT NULL,
    program text DEFAULT ''::text NOT NULL
);


--
-- Name: TABLE parked_events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.parked_events IS 'Aggregates whose events a subscription could not handle, from the position where it failed.';


--
-- Name: COLUMN parked_events.retry; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.parked_events.retry IS 'Asks the subscription to try again.';


--
-- Name: COLUMN parked_events.program; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.parked_events.program IS 'The program that could not handle it, as orqestra/<version>; empty where an older one did not say.';


--
-- Name: provider_messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.provider_messages (
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    message_id text NOT NULL,
    notification_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    instance uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL
);


--
-- Name: TABLE provider_messages; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.provider_messages IS 'The notification of each message of a provider that brings no id back; kept for seven days.';


--
-- Name: COLUMN provider_messages.instance; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.provider_messages.instance IS 'The provider entry that the message left by.';


--
-- Name: rebuild_turn; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rebuild_turn (
);


--
-- Name: TABLE rebuild_turn; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.rebuild_turn IS 'Holds no rows. Its lock gives one rebuild of a projection the turn.';


--
-- Name: redrives; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.redrives (
    tenant_id uuid NOT NULL,
    redrive_id uuid NOT NULL,
    "position" bigint NOT NULL,
    deliveries uuid[],
    filter text NOT NULL,
    dry_run boolean NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    next_index integer DEFAULT 0 NOT NULL,
    after_ended_at timestamp with time zone,
    after_notification_id uuid,
    after_channel text,
    requeued bigint DEFAULT 0 NOT NULL,
    refused text DEFAULT '{}'::text NOT NULL,
    ended_at timestamp with time zone,
    lease_owner uuid,
    lease_until timestamp with time zone,
    CONSTRAINT redrives_state_check CHECK ((state = ANY (ARRAY['running'::text, 'stopped'::text, 'ended'::text])))
);


--
-- Name: TABLE redrives; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.redrives IS 'One row a redrive; each request is an event first.';


--
-- Name: COLUMN redrives."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.redrives."position" IS 'Of the request, in the log.';


--
-- Name: COLUMN redrives.filter; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.redrives.filter IS 'JSON, as in the event `RedriveRequested`.';


--
-- Name: COLUMN redrives.requeued; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.redrives.requeued IS 'Deliveries requeued so far; of a dry run those that would have been.';


--
-- Name: COLUMN redrives.refused; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.redrives.refused IS 'JSON object: how many deliveries were refused so far, by code.';


--
-- Name: sandbox_messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sandbox_messages (
    delivery_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    event_id text,
    key_id uuid NOT NULL,
    sealed text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    requeued_delivery_id uuid
);


--
-- Name: TABLE sandbox_messages; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.sandbox_messages IS 'Messages given to the sandbox. A delivery stands here once, however often it was sent.';


--
-- Name: COLUMN sandbox_messages.delivery_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.delivery_id IS 'The key that the message is kept once by: the delivery, where it was not requeued.';


--
-- Name: COLUMN sandbox_messages.event_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.event_id IS 'Always null: the id stands in `sealed`.';


--
-- Name: COLUMN sandbox_messages.key_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.key_id IS 'The recipient''s data key; once it is gone the message cannot be read.';


--
-- Name: COLUMN sandbox_messages.sealed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.sealed IS 'Sealed JSON {to, subject?, body, event_id?}.';


--
-- Name: COLUMN sandbox_messages.requeued_delivery_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.requeued_delivery_id IS 'The delivery, where it was requeued; null otherwise.';


--
-- Name: suppressions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.suppressions (
    tenant_id uuid NOT NULL,
    address_ref bytea NOT NULL,
    channel text NOT NULL,
    reason text NOT NULL,
    cause text,
    notification_id uuid,
    since timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    sequence bigint NOT NULL,
    suppressed boolean NOT NULL,
    CONSTRAINT suppressions_address_ref_check CHECK ((octet_length(address_ref) = 32)),
    CONSTRAINT suppressions_channel_check CHECK ((channel = ANY (ARRAY['EMAIL'::text, 'SMS'::text])))
);


--
-- Name: TABLE suppressions; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.suppressions IS 'The addresses that were suppressed at some time, one row each.';


--
-- Name: COLUMN suppressions.address_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.suppressions.address_ref IS 'The look-up form of the address, as in the plan of a notification.';


--
-- Name: COLUMN suppressions.reason; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.suppressions.reason IS 'Of the last suppression, as cause, notification_id, since and position.';


--
-- Name: COLUMN suppressions.notification_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.suppressions.notification_id IS 'The notification on which it was seen.';


--
-- Name: COLUMN suppressions."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.suppressions."position" IS 'Where the suppression stands in the log.';


--
-- Name: COLUMN suppressions.sequence; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.suppressions.sequence IS 'Of the last event applied, in the address''s stream.';


--
-- Name: COLUMN suppressions.suppressed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.suppressions.suppressed IS 'False: the suppression was lifted.';


--
-- Name: unanswered_attempts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unanswered_attempts (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    provider text NOT NULL,
    instance uuid NOT NULL,
    attempt integer NOT NULL,
    unknown_at timestamp with time zone NOT NULL,
    address_ref bytea,
    started_at timestamp with time zone,
    CONSTRAINT unanswered_attempts_address_ref_check CHECK ((octet_length(address_ref) = 32)),
    CONSTRAINT unanswered_attempts_read_check CHECK (((address_ref IS NULL) = (started_at IS NULL)))
);


--
-- Name: TABLE unanswered_attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.unanswered_attempts IS 'The last attempt of each text message whose outcome is unknown, by providers that bring no id back; kept for seven days.';


--
-- Name: COLUMN unanswered_attempts.address_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.unanswered_attempts.address_ref IS 'The look-up form of its number, as in the plan; null until it is read from the notification.';


--
-- Name: COLUMN unanswered_attempts.started_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.unanswered_attempts.started_at IS 'When it was claimed; null as address_ref is.';


--
-- Name: usage_minutes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.usage_minutes (
    minute timestamp with time zone NOT NULL,
    tenant_id uuid NOT NULL,
    accepted bigint NOT NULL,
    seconds integer[] NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT usage_minutes_seconds_check CHECK ((array_length(seconds, 1) = 60))
)
WITH (fillfactor='80');


--
-- Name: TABLE usage_minutes; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.usage_minutes IS 'Accepted triggers by minute and tenant; no row for a minute without one.';


--
-- Name: COLUMN usage_minutes.minute; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.usage_minutes.minute IS 'Its start, by the time at which the log recorded the acceptance.';


--
-- Name: COLUMN usage_minutes.accepted; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.usage_minutes.accepted IS 'Repeats and refusals do not count.';


--
-- Name: COLUMN usage_minutes.seconds; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.usage_minutes.seconds IS 'The same by second of the minute.';


--
-- Name: COLUMN usage_minutes."position"; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.usage_minutes."position" IS 'Of the last acceptance counted, in the log.';


--
-- Name: waiting_receipts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.waiting_receipts (
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    message_id text NOT NULL,
    event_ref bytea NOT NULL,
    instance uuid NOT NULL,
    channel text NOT NULL,
    receipt text NOT NULL,
    cause text,
    occurred_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    address_ref bytea,
    tried_at timestamp with time zone,
    CONSTRAINT waiting_receipts_address_ref_check CHECK ((octet_length(address_ref) = 32))
);


--
-- Name: TABLE waiting_receipts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.waiting_receipts IS 'Verified receipts whose message is not known yet; kept for a day.';


--
-- Name: COLUMN waiting_receipts.address_ref; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.waiting_receipts.address_ref IS 'The look-up form of the number that the receipt names, where it names one.';


--
-- Name: COLUMN waiting_receipts.tried_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.waiting_receipts.tried_at IS 'When the log last did not store it.';


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public._sqlx_migrations (version, description, installed_on, success, checksum, execution_time) FROM stdin;
1	log	2026-11-30 18:14:31.255329+00	t	\\x5b0bb8095ed5600d3b97b8ccf0e83ec9bab34f04fa0957e95554cfc75c415f1018dd6490a4d7675644243f4abb12a1d9	35930402
2	append batch	2026-11-30 18:14:31.294376+00	t	\\x247db076de9ad194b8dafecfad1e4020140061f4aac51ade280fcab4eab62b72facd4f1cd81cae16a808e6a2ab1cb4a4	4047215
3	subscriptions	2026-11-30 18:14:31.296705+00	t	\\xaf67d46a3b77e1b649db6df36a01ad544c3594d117f063dda7c4f813af12f9e41e77fd3631f53c3f43545cd6b47affca	19797684
4	log grants	2026-11-30 18:14:31.316763+00	t	\\x8cb81c93bf209c5b37c9169e694b3e067f1995e20603c227009be779bd9058dd95f5c95333892cb3b39a71d575663eba	2675297
5	configuration index	2026-11-30 18:14:31.320529+00	t	\\x080c27c39fa1610b88f2b966492c5f22b46b68e3a0707b5e475f997d9fa4eeb9aefd035d1b2e63029ae2bb869d19d688	5000077
6	claim keys	2026-11-30 18:14:31.328633+00	t	\\xd70626999089da16f1ab5936c49b00b074d6bea86f7ea66117604311b3a91f379fa68b62d45fc7cbac7bc092dc01fdff	3068591
7	append turn	2026-11-30 18:14:31.331372+00	t	\\x0f2ead8a2df8342d0fbc40c7f0f54bf8c76b2f6f69af9465e8c5b2ddc791d245edd0e6b0d86b4092473e4e882ec0c50a	17420926
9	byte bounded reads	2026-11-30 18:14:31.349722+00	t	\\x979bf13d76aae0fa84a1caff66771a0943d33ecfcc3c3d9b22730632a8cda8098d4371311f12d6e893835091d3623f48	1936256
10	parked by program	2026-11-30 18:14:31.352037+00	t	\\x760cec05d09a5c807f26a2916a08feae2b8678345de5962d23217a35b3691f1102a0c4e72fb3ffdc5e2b29683750e24a	4626873
11	api key claims	2026-11-30 18:14:31.356724+00	t	\\x98e093ff49609d527be10e87887f95931c090712a36e53cc66cf3056accafb89421d2722d04b108068081e3d0a4da9ea	1353340
12	fenced append	2026-11-30 18:14:31.358332+00	t	\\xb3a310800516c8aa7c9ad2f4235d959f55117d5b8d3ad7dadb14f664947f673942bab166d4e2cc04590b94dc420879ea	3444470
13	master key	2026-11-30 18:14:31.362805+00	t	\\xf78e9257d75822c9054aa8faeee7ed3c16fb5579f588786b743fe04b46a56c0992ce41bd6c7cec014636938b394d46ac	12082098
14	hashed idempotency keys	2026-11-30 18:14:31.375091+00	t	\\xda31fcf03b586fdf133f6fcc881c566ab9a1af2d93e450c89526031a8812e1ce4e9fc856ca803b1a1d10a7918c8554a8	8091933
15	configured append	2026-11-30 18:14:31.386468+00	t	\\x349f0cd034558050922abfd71d6f581268f0e696beea35cd2f5d54f0a9b4bc14a27b955087c6a1f45159eb661386b766	4967352
16	installation secrets	2026-11-30 18:14:31.392474+00	t	\\x006ec3d12f0d618a2ce1371c125a994b50db85e88390f59419fc7fb9aa9eefacbad585ee7527881bf12f329dfab74127	8081491
17	events in their page	2026-11-30 18:14:31.400904+00	t	\\x1b21c71480d738751d5e99cfc78fbaac1b01c159bb4d884ce8802d21393fdf7b474bd0b3b6dce7a47f6ef01a73849642	2345270
18	append commands	2026-11-30 18:14:31.407051+00	t	\\x002f359e27638aee8b8a99a78eec1ba66da7fcb15d28392877ea69494d35dac7fc2aa4243997d2b1333181df572a6cc7	6370663
19	streams in one pass	2026-11-30 18:14:31.41386+00	t	\\x0ae7eebbe859b1b99ba7b9a8d1759838842e2d30994b5774ef4e25e9a446e5e9a0cb5f13ab3417c5c648245e8dc08c6c	1853665
90	schema version grant	2026-11-30 18:14:31.416044+00	t	\\x997c549e194936801d775cfc99a29e4b7a57fabd1b959cbcf14d0929c6aa2d09f5d35d673f8687e1bb710f72f53d3cd2	2782018
100	inbox	2026-11-30 18:14:31.422424+00	t	\\xdc4e11dc27741419c297c51298fd2f83d2356bd7abc223b9fd6078c689216b294bbf7b9d8df96ab94080fb76beaa2e5a	21779060
101	delivery status	2026-11-30 18:14:31.444791+00	t	\\xf10954029789b74c8f249713049a4ec7208e0cde035827fb0074c6f5df2ebb4dddfa4b53d37bb1caba56c53d0f2eaa7d	25824562
102	projection grants	2026-11-30 18:14:31.470881+00	t	\\xf7b3f011aad5649fa6c44dbeaeaeb443b6ea61faaa8a57290f37e44a249b6c9cd2bc96da6cfb6f1c80e25c718f7ba6ae	1037152
103	inbox rendered position	2026-11-30 18:14:31.47347+00	t	\\xcecfc6e570bf1c5c1683294ec8fb4b78761664f17951566b8c058026199cfd05d2f628a84883471784e95a01b3679a90	1504217
104	usage	2026-11-30 18:14:31.476212+00	t	\\x4779700dd4dfdcca4af5dfd4d7184f2c75f02603dd726a57f7632e7ef2b18743b696265f39ab511219ccef6ca4c5820d	10834825
106	event id is personal	2026-11-30 18:14:31.490395+00	t	\\x910d786162430f657c78f945a0c227122a28d37ba8f190cf316321dd82fa4ab5cd20da6baf56341ba85c026968acc5a0	2282976
107	attempt instance	2026-11-30 18:14:31.492958+00	t	\\x0d91f3fa5a788c7f86362c3f6ef2ee31667c8fa3676633dfa11a240c3e173975a2a7542e985529100679373ee86ca30c	905034
108	payload storage	2026-11-30 18:14:31.498327+00	t	\\xd91834dd69f1b6ac116e6ff4bf3895cc967a274ea857d1ccb18265d080a22a4429b8a9e5f04b726cea46e1c978b9ec46	720167
109	event id stays null	2026-11-30 18:14:31.500474+00	t	\\xcc137da5bf8700cea6e6bc8246d7b72ef48f3078e6e4a538c4bcbe6f3079de24f6f1ba428a8d488cac1f3c57e2f271ff	1503016
110	inbox channels	2026-11-30 18:14:31.503384+00	t	\\xf1a28fd3d827d8e7a15a37746316a05f827e2d0338d061540c4890121b8cf5558d272cac999bcf0716393144c14a789f	4532500
111	event id on insert	2026-11-30 18:14:31.508171+00	t	\\x172ffff458c7df9cabcdc4a6e7265d78d805b412b4dcada617e9822e6387375ee9240f43aa2454ffc9549f769ff2e0a2	4012877
112	suppressions	2026-11-30 18:14:31.512527+00	t	\\x1b179148061db84991825ed73dc685ed99863448f95162395a3034e339864e26c69def0d32eb2bcd92abc7eaccada0a7	18178093
113	event lookup	2026-11-30 18:14:31.534408+00	t	\\x62a9a60d7e220a422ef14d2e6e28ef8627ff66cb89604bfda6548aa6411a624479fde4027a27735d70a48044a08248a2	13374693
114	dead letters	2026-11-30 18:14:31.54871+00	t	\\x5972f02189541eba736532e6d6e46b79b62ffe4c19868b064e76a6fc066a07868d890a886620f215ef89fdbf09d09089	7420058
200	dispatch due	2026-11-30 18:14:31.556411+00	t	\\x17e13b39fdaf0d22244129ad2931d55cfb0749cac77ba35934255225bc627ff48073097e3b5e644d66efeb94874ed9e4	14445697
201	sandbox	2026-11-30 18:14:31.572046+00	t	\\x0a1243fbb39a05b99e6778dd50ba657b30bae1f41cdc7201f72280f566efb4fa2bd24a264be45711fb976e22271f0de3	6457781
203	sandbox event id	2026-11-30 18:14:31.578785+00	t	\\xa07cb2b42133ddfc6551d5b14f076ce479e99ac8408242da70e8b2472685df61b37f6c0f2e11724c09dc2768aa37a389	875005
204	dispatch due by lane	2026-11-30 18:14:31.579972+00	t	\\x1626cff1d25d7f7f92b6763947007455ffbaf313ed9e98bd4f27b48baf3ddb0dbae5d439bb0b658cf21d51b4b86bb1ea	3389454
206	dispatch waiting	2026-11-30 18:14:31.583774+00	t	\\x5c6bf8f816cf3a4a6b1998fa0a7e4bf0c8d146bf800dd04ce693525095776f176c2a3644d15f75193745e01b71230129	2268963
207	sandbox event id stays null	2026-11-30 18:14:31.586465+00	t	\\x4e0b3385c38021864782aad12b5e574059217c740ca1d22b0757fc53fe1802469c9ebff2d9528b20d005ddc0ae8d69c0	1188760
208	dispatch steady time	2026-11-30 18:14:31.587914+00	t	\\xe2f17af67ab74624050024f0ff6d75609d985dd417495a7ff72f8707f4a0de3fa2a9b1070124f797c8732240a90f8adb	2729482
209	dispatch expiry	2026-11-30 18:14:31.590873+00	t	\\xacd9227e9938afbb92bc991136d34a4f8eb8db5639597a647ce78fee3f1a32f2fe572a03f1d1f2f6166a950a573cb8a6	4781246
210	receipts	2026-11-30 18:14:31.598442+00	t	\\x6e27cf905b897522d03efb7a9fef138f512efde11c7baa2c81997f44010d6f99fd6e6ef0bedd5ec1d5a792f349056dae	21526387
212	requeued sandbox	2026-11-30 18:14:31.621478+00	t	\\x21b2f4f4e8d2934f6ae4a325f62b2d66dac588ed68ef3bbb6a8c7f915af59b235023e051faa5e3db9d9859b2179b3e9b	4871329
213	redrives	2026-11-30 18:14:31.627108+00	t	\\x449f2c5238b016d1f8c41dd00bf009937d7e82a6566006fa376e6eaff94d13e6a1aa70bf784f851d096e56c55451806a	11235864
214	receipts by number	2026-11-30 18:14:31.638696+00	t	\\xe268e9619e6b03ca30fc74135769cc138d6cad39ee121b88d9e7da12501f03fc943634fb303dd34d30247568640054dc	18575740
215	dispatch processes	2026-11-30 18:14:31.657863+00	t	\\x26116e40d60863823d73a8fcbab164bb150e6cba72c8252605f3eba1b4e51b30ede5978d3229509b89b0910998103371	6196271
\.


--
-- Data for Name: append_turn; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.append_turn  FROM stdin;
\.


--
-- Data for Name: attempts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.attempts (tenant_id, notification_id, channel, attempt, provider, started_at, ended_at, outcome, cause, possible_duplicate, sequence, instance) FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	PUSH	1	hub	2026-11-30 18:14:32.266548+00	2026-11-30 18:14:32.266548+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	PUSH	1	hub	2026-11-30 18:14:32.291551+00	2026-11-30 18:14:32.291551+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	PUSH	1	hub	2026-11-30 18:14:32.319042+00	2026-11-30 18:14:32.319042+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	PUSH	1	hub	2026-11-30 18:14:32.30368+00	2026-11-30 18:14:32.30368+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	SMS	1	sandbox	2026-11-30 18:14:32.291707+00	2026-11-30 18:14:32.338152+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	EMAIL	1	smtp	2026-11-30 18:14:32.266792+00	2026-11-30 18:14:32.346569+00	SUCCEEDED	\N	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	SMS	1	sandbox	2026-11-30 18:14:32.266812+00	2026-11-30 18:14:32.327068+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	PUSH	1	hub	2026-11-30 18:14:32.367305+00	2026-11-30 18:14:32.367305+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	SMS	1	sandbox	2026-11-30 18:14:32.303788+00	2026-11-30 18:14:32.366989+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	PUSH	1	hub	2026-11-30 18:14:32.387058+00	2026-11-30 18:14:32.387058+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	PUSH	1	hub	2026-11-30 18:14:32.415064+00	2026-11-30 18:14:32.415064+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	EMAIL	1	smtp	2026-11-30 18:14:32.319154+00	2026-11-30 18:14:32.407292+00	UNKNOWN	smtp_connection_lost	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	SMS	1	sandbox	2026-11-30 18:14:32.319169+00	2026-11-30 18:14:32.380818+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	EMAIL	1	smtp	2026-11-30 18:14:32.303774+00	2026-11-30 18:14:32.386964+00	FAILED	smtp_550	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	EMAIL	1	smtp	2026-11-30 18:14:32.291685+00	2026-11-30 18:14:32.386881+00	FAILED	smtp_451	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	EMAIL	1	smtp	2026-11-30 18:14:32.387155+00	2026-11-30 18:14:32.499847+00	SUCCEEDED	\N	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	SMS	1	sandbox	2026-11-30 18:14:32.387172+00	2026-11-30 18:14:32.485051+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	EMAIL	1	smtp	2026-11-30 18:14:32.367433+00	2026-11-30 18:14:32.485372+00	UNKNOWN	smtp_connection_lost	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	SMS	1	sandbox	2026-11-30 18:14:32.367448+00	2026-11-30 18:14:32.465076+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	SMS	1	sandbox	2026-11-30 18:14:32.415213+00	2026-11-30 18:14:32.491359+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	EMAIL	1	smtp	2026-11-30 18:14:32.415198+00	2026-11-30 18:14:32.527274+00	SUCCEEDED	\N	f	10	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	EMAIL	2	smtp	2026-11-30 18:14:32.453137+00	2026-11-30 18:14:32.540019+00	SUCCEEDED	\N	t	12	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	EMAIL	2	smtp	2026-11-30 18:14:32.522852+00	2026-11-30 18:14:32.556294+00	UNKNOWN	smtp_connection_lost	t	12	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	EMAIL	2	smtp	2026-11-30 18:14:32.873387+00	2026-11-30 18:14:32.887873+00	SUCCEEDED	\N	f	12	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	PUSH	1	hub	2026-11-30 18:14:33.563685+00	2026-11-30 18:14:33.563685+00	SUCCEEDED	\N	f	4	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	EMAIL	1	smtp	2026-11-30 18:14:33.563884+00	\N	OPEN	\N	f	3	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	PUSH	1	hub	2026-11-30 18:14:33.563932+00	2026-11-30 18:14:33.563932+00	SUCCEEDED	\N	f	8	6f727165-7374-7261-8000-000000687562
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	EMAIL	1	smtp	2026-11-30 18:14:33.563953+00	2026-11-30 18:14:33.613997+00	FAILED	smtp_451	f	9	465418a5-a2f9-5420-b287-c9f07fd42cc6
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	SMS	1	sandbox	2026-11-30 18:14:33.563921+00	2026-11-30 18:14:33.631962+00	SUCCEEDED	\N	f	9	6f727165-7374-7261-8000-73616e64626f
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	SMS	1	sandbox	2026-11-30 18:14:33.563967+00	2026-11-30 18:14:33.635346+00	SUCCEEDED	\N	f	10	6f727165-7374-7261-8000-73616e64626f
\.


--
-- Data for Name: checkpoints; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.checkpoints (subscription, after, "position", epoch) FROM stdin;
inbox-v1	-1	0	1
dispatch-v1	-1	0	1
suppressions-v1	-1	0	1
usage-v1	-1	0	1
delivery-status-v1	-1	0	1
event-lookup-v1	-1	0	1
event-lookup-v1	0	22	1
delivery-status-v1	0	22	1
inbox-v1	0	22	1
dispatch-v1	0	22	1
suppressions-v1	0	22	1
usage-v1	0	22	1
dispatch-v1	22	23	1
event-lookup-v1	22	23	1
suppressions-v1	22	23	1
inbox-v1	22	23	1
delivery-status-v1	22	23	1
usage-v1	22	23	1
dispatch-v1	23	24	1
inbox-v1	23	24	1
inbox-v1	24	25	1
dispatch-v1	24	25	1
delivery-status-v1	23	25	1
dispatch-v1	25	28	1
inbox-v1	25	28	1
dispatch-v1	28	29	1
delivery-status-v1	25	31	1
dispatch-v1	29	32	1
inbox-v1	28	32	1
dispatch-v1	32	38	1
inbox-v1	32	40	1
dispatch-v1	38	40	1
delivery-status-v1	31	40	1
dispatch-v1	40	51	1
inbox-v1	40	58	1
dispatch-v1	51	61	1
delivery-status-v1	40	62	1
inbox-v1	58	62	1
dispatch-v1	61	62	1
dispatch-v1	62	66	1
inbox-v1	62	66	1
delivery-status-v1	62	66	1
dispatch-v1	66	78	1
dispatch-v1	78	81	1
inbox-v1	66	78	1
inbox-v1	78	81	1
inbox-v1	81	85	1
dispatch-v1	81	85	1
inbox-v1	85	87	1
inbox-v1	87	90	1
delivery-status-v1	66	90	1
inbox-v1	90	91	1
dispatch-v1	85	87	1
dispatch-v1	87	92	1
inbox-v1	91	92	1
suppressions-v1	23	95	1
event-lookup-v1	23	95	1
dispatch-v1	92	95	1
usage-v1	23	92	1
inbox-v1	92	95	1
delivery-status-v1	90	95	1
inbox-v1	95	96	1
dispatch-v1	95	96	1
inbox-v1	96	97	1
dispatch-v1	96	97	1
usage-v1	92	97	1
delivery-status-v1	95	97	1
inbox-v1	97	98	1
usage-v1	97	98	1
dispatch-v1	97	98	1
delivery-status-v1	97	98	1
inbox-v1	98	99	1
dispatch-v1	98	99	1
delivery-status-v1	98	99	1
suppressions-v1	95	99	1
event-lookup-v1	95	99	1
usage-v1	98	99	1
dispatch-v1	99	100	1
delivery-status-v1	99	100	1
inbox-v1	99	100	1
inbox-v1	100	101	1
dispatch-v1	100	101	1
delivery-status-v1	100	101	1
suppressions-v1	99	101	1
event-lookup-v1	99	101	1
usage-v1	99	101	1
dispatch-v1	101	102	1
inbox-v1	101	102	1
delivery-status-v1	101	102	1
dispatch-v1	102	103	1
delivery-status-v1	102	103	1
inbox-v1	102	103	1
dispatch-v1	103	105	2
delivery-status-v1	103	105	2
inbox-v1	103	105	2
dispatch-v1	105	108	2
inbox-v1	105	108	2
delivery-status-v1	105	108	2
suppressions-v1	101	108	2
event-lookup-v1	101	108	2
usage-v1	101	108	2
dispatch-v1	108	110	2
delivery-status-v1	108	110	2
inbox-v1	108	110	2
dispatch-v1	110	112	2
usage-v1	108	112	2
dispatch-v1	112	114	2
usage-v1	112	114	2
inbox-v1	110	112	2
inbox-v1	112	119	2
delivery-status-v1	110	119	2
event-lookup-v1	108	119	2
usage-v1	114	119	2
inbox-v1	119	120	2
dispatch-v1	114	120	2
delivery-status-v1	119	120	2
inbox-v1	120	121	2
dispatch-v1	120	122	2
inbox-v1	121	122	2
delivery-status-v1	120	122	2
\.


--
-- Data for Name: data_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.data_keys (key_id, tenant_id, kind, recipient_ref, month, wrapped, created_at) FROM stdin;
b0e176a3-74e5-477a-8613-0a704e025d87	6f727165-7374-7261-8000-706c6174666d	0	\N	\N	\\x0192cd09b2ecba720852cf556388df10b5d88f332906c8343043102ac91a204365cd285f126bae635adf034c636a011df306000d29b090dfc476704cd6e53c610cbb234844	2026-11-30 18:14:31.723242+00
76987b1a-1603-46d1-a11b-dbca082b53d6	6f727165-7374-7261-8000-706c6174666d	1	\N	\N	\\x0192cd09b2ecba72088b2613e3c3962b27eb1bcbf875221b9531043fc71c2e5de618859ea54d04353c52fcbf33163ccfe62950873391bfee65ed6d91a87ff57e27968acc5f	2026-11-30 18:14:31.723324+00
f95a2873-688c-4327-9677-a3ee230f228e	027c636d-4da8-5da2-8479-4a45e38b871e	0	\N	\N	\\x0192cd09b2ecba7208484c406445eb5879bb87d6171e1c605eb66e2d8e9ca249011ee1a521eaf1a0a1f95242f25ee556a0952a451b685d2f7bbe8f78d985719f2ae9b355cf	2026-11-30 18:14:31.783781+00
de5a02d3-b5c9-4f54-9f25-ee1202763341	027c636d-4da8-5da2-8479-4a45e38b871e	1	\N	\N	\\x0192cd09b2ecba7208e6a01bb487b64257eb5b9c856504e3fd7384d801c936a2f5a9bbc9ae05ec770194068fedb90fa8b2c3a6e5288634a95b16a66e29ee0f87590629ce0f	2026-11-30 18:14:31.783811+00
7561c48f-dad0-4add-9574-de7b96300196	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c	202611	\\x0192cd09b2ecba7208be2e852efbacebecca62cc2e83928ca71a2415c2cf8c4d9103589f27fd387dc7fdec9e133e7497a0bb3b87dfe20a507562f2e7b041329550189486f3	2026-11-30 18:14:32.256891+00
3bbee600-0c73-4fe8-a126-44e19e938811	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5	202611	\\x0192cd09b2ecba720895d1a727e15d6c5cdcca244db2fb8509f3214a5428ba09897e553fba1d427f6d06a1845dc9b900beddf9b29253402fa1d44d51dbd9411bf99222e0d4	2026-11-30 18:14:32.271808+00
bb65563f-353b-4e7f-9f56-f2a39333de7a	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329	202611	\\x0192cd09b2ecba720867841da90a9cc4476d1f0fe7daab6da367b224a736d85c5d02127c19a0d1884787d312c8e99a88dbfc321908dd7ed59623ed8257304d00f9817f0aba	2026-11-30 18:14:32.282732+00
887645a6-0a5f-49a1-a362-b9617f5598dd	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82	202611	\\x0192cd09b2ecba7208bf2e8ed79db7494f107df357d923c993a838752b440dcf144e87a11bf8cc04b8e3382ee44cbc9fe1f50f4958b4b14a9dc238ce0cac81e4bd6f63c55a	2026-11-30 18:14:32.296101+00
810c6282-d249-492e-b622-590cd343491a	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca	202611	\\x0192cd09b2ecba7208f9eca19c33a9be8a35de39ecb5dfc6f2d6253cfab721333d40340796538e6434886e84fa6abf86fc482f0ccc20ca26f1f39db5eae03aa3eb615a234f	2026-11-30 18:14:32.316471+00
2897be05-3083-497d-8655-e48ff5e40fd1	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\xef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10	202611	\\x0192cd09b2ecba720844638ce6dd82910ae2db204619ce317dd676cc09c91265c255b0e2810eb11a72c780312cb08b8c2d67cf99de576ff44174310a719a1b221b6a634f1c	2026-11-30 18:14:32.335373+00
b414e755-05fa-4d86-8bf3-7546fbcc8893	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f	202611	\\x0192cd09b2ecba7208955904579568f56b675ab29e263115b50a5325209b6836cc3924417cb13c2d8699b0e1eaa8ad5065b5bafc5f15b626dc59678ec3029e56ca5b9283a7	2026-11-30 18:14:33.50932+00
552521ff-d7fa-46d6-ba75-ee1cfde81217	027c636d-4da8-5da2-8479-4a45e38b871e	2	\\x599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c	202611	\\x0192cd09b2ecba7208c48ded5af855fba74f665b3c02c68122bec46f63d6467e4890f664a2aaf9ce69550b26672ff0dda5e67eb0fd72089de4fff986a8252ac446e79f10f1	2026-11-30 18:14:33.528639+00
\.


--
-- Data for Name: dead_letters; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.dead_letters (tenant_id, notification_id, channel, ended_at) FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	EMAIL	2026-11-30 18:14:32.386964+00
\.


--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deliveries (tenant_id, notification_id, channel, delivery_id, recipient_ref, event_id, event_type, template_id, template_version, status, reason, provider, attempts, last_cause, provider_message_id, next_due, possible_duplicate, missing, accepted_at, rendered_at, first_attempt_at, sent_at, held_at, settled_at, "position", sequence) FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	SMS	6089f0fe-f3aa-5c0e-8b5f-7869d8388af2	\\x346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	6089f0fe-f3aa-5c0e-8b5f-7869d8388af2	\N	f	{}	2026-11-30 18:14:32.278967+00	2026-11-30 18:14:32.303786+00	2026-11-30 18:14:32.303788+00	2026-11-30 18:14:32.366989+00	\N	2026-11-30 18:14:32.366989+00	32	9
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	PUSH	65d64055-b53b-5e88-bae9-ccbec98bf93f	\\x3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.256529+00	2026-11-30 18:14:32.266547+00	2026-11-30 18:14:32.266548+00	2026-11-30 18:14:32.266548+00	\N	2026-11-30 18:14:32.266548+00	25	4
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	PUSH	4f830816-bf4d-5e9b-a84f-03770b3e97ff	\\x81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.30739+00	2026-11-30 18:14:32.367303+00	2026-11-30 18:14:32.367305+00	2026-11-30 18:14:32.367305+00	\N	2026-11-30 18:14:32.367305+00	44	4
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	EMAIL	49c8e0f9-e4bb-5cf1-8f94-4184fc661ed1	\\xef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	SENT	\N	smtp	1	\N	<49c8e0f9-e4bb-5cf1-8f94-4184fc661ed1@deliveries.orqestra>	\N	f	{}	2026-11-30 18:14:32.327339+00	2026-11-30 18:14:32.387142+00	2026-11-30 18:14:32.387155+00	2026-11-30 18:14:32.499847+00	\N	2026-11-30 18:14:32.499847+00	55	10
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	PUSH	f6bad212-585d-5c9d-ab13-a7b30041cf22	\\x20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.269846+00	2026-11-30 18:14:32.291549+00	2026-11-30 18:14:32.291551+00	2026-11-30 18:14:32.291551+00	\N	2026-11-30 18:14:32.291551+00	29	4
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	SMS	ef51eb1e-dac2-5855-813e-420445e3423f	\\xef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	ef51eb1e-dac2-5855-813e-420445e3423f	\N	f	{}	2026-11-30 18:14:32.327339+00	2026-11-30 18:14:32.38717+00	2026-11-30 18:14:32.387172+00	2026-11-30 18:14:32.485051+00	\N	2026-11-30 18:14:32.485051+00	55	9
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	EMAIL	90dbf127-da02-59af-a93b-c50cc45ac6a1	\\x3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	SENT	\N	smtp	2	smtp_connection_lost	<90dbf127-da02-59af-a93b-c50cc45ac6a1@deliveries.orqestra>	\N	t	{}	2026-11-30 18:14:32.292683+00	2026-11-30 18:14:32.319142+00	2026-11-30 18:14:32.319154+00	2026-11-30 18:14:32.540019+00	\N	2026-11-30 18:14:32.540019+00	38	12
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	PUSH	f60d44bc-0924-5068-b106-0c36768aa53c	\\x3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.292683+00	2026-11-30 18:14:32.31904+00	2026-11-30 18:14:32.319042+00	2026-11-30 18:14:32.319042+00	\N	2026-11-30 18:14:32.319042+00	38	4
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	SMS	f57e47de-053e-5b41-b037-f5fad1c9248f	\\x81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	f57e47de-053e-5b41-b037-f5fad1c9248f	\N	f	{}	2026-11-30 18:14:32.30739+00	2026-11-30 18:14:32.367447+00	2026-11-30 18:14:32.367448+00	2026-11-30 18:14:32.465076+00	\N	2026-11-30 18:14:32.465076+00	44	9
027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	SMS	e88acbdc-9365-5c6c-b5d3-5e27a661c0de	\\x8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	e88acbdc-9365-5c6c-b5d3-5e27a661c0de	\N	f	{}	2026-11-30 18:14:32.353586+00	2026-11-30 18:14:32.415211+00	2026-11-30 18:14:32.415213+00	2026-11-30 18:14:32.491359+00	\N	2026-11-30 18:14:32.491359+00	62	9
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	PUSH	283cb010-4d18-5e30-80ff-4abfb1f879aa	\\x346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.278967+00	2026-11-30 18:14:32.303678+00	2026-11-30 18:14:32.30368+00	2026-11-30 18:14:32.30368+00	\N	2026-11-30 18:14:32.30368+00	32	4
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	EMAIL	6c2848bc-8dc1-5cca-aba0-51749db18e2a	\\x3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	SENT	\N	smtp	1	\N	<6c2848bc-8dc1-5cca-aba0-51749db18e2a@deliveries.orqestra>	\N	f	{}	2026-11-30 18:14:32.256529+00	2026-11-30 18:14:32.266777+00	2026-11-30 18:14:32.266792+00	2026-11-30 18:14:32.346569+00	\N	2026-11-30 18:14:32.346569+00	25	10
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	SMS	d09ef384-c80d-592b-9d35-b87272f3402d	\\x3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	d09ef384-c80d-592b-9d35-b87272f3402d	\N	f	{}	2026-11-30 18:14:32.256529+00	2026-11-30 18:14:32.266811+00	2026-11-30 18:14:32.266812+00	2026-11-30 18:14:32.327068+00	\N	2026-11-30 18:14:32.327068+00	25	9
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	SMS	27be6211-a002-51d9-9ef2-c877e200b677	\\x20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	27be6211-a002-51d9-9ef2-c877e200b677	\N	f	{}	2026-11-30 18:14:32.269846+00	2026-11-30 18:14:32.291705+00	2026-11-30 18:14:32.291707+00	2026-11-30 18:14:32.338152+00	\N	2026-11-30 18:14:32.338152+00	29	9
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	SMS	0abf55f0-28b5-5f7b-b712-ba472ed038ba	\\x3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	0abf55f0-28b5-5f7b-b712-ba472ed038ba	\N	f	{}	2026-11-30 18:14:32.292683+00	2026-11-30 18:14:32.319167+00	2026-11-30 18:14:32.319169+00	2026-11-30 18:14:32.380818+00	\N	2026-11-30 18:14:32.380818+00	38	9
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	EMAIL	49ca1b96-faa9-5ffe-bfac-6dbdd1f307d6	\\x346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	FAILED	\N	smtp	1	smtp_550	\N	\N	f	{}	2026-11-30 18:14:32.278967+00	2026-11-30 18:14:32.303761+00	2026-11-30 18:14:32.303774+00	\N	\N	2026-11-30 18:14:32.386964+00	32	11
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	EMAIL	58ce0a61-89eb-512c-8a7f-69178a3a9571	\\x81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	UNKNOWN	\N	smtp	2	smtp_connection_lost	\N	\N	t	{}	2026-11-30 18:14:32.30739+00	2026-11-30 18:14:32.367419+00	2026-11-30 18:14:32.367433+00	\N	2026-11-30 18:14:32.556294+00	\N	44	12
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	PUSH	28d13d83-2896-5306-916d-ea8e4101bcf1	\\xef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.327339+00	2026-11-30 18:14:32.387056+00	2026-11-30 18:14:32.387058+00	2026-11-30 18:14:32.387058+00	\N	2026-11-30 18:14:32.387058+00	55	4
027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	EMAIL	f4d7324f-c37d-5609-a2ac-7f43e8f5610e	\\x8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	SENT	\N	smtp	1	\N	<f4d7324f-c37d-5609-a2ac-7f43e8f5610e@deliveries.orqestra>	\N	f	{}	2026-11-30 18:14:32.353586+00	2026-11-30 18:14:32.415184+00	2026-11-30 18:14:32.415198+00	2026-11-30 18:14:32.527274+00	\N	2026-11-30 18:14:32.527274+00	62	10
027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	PUSH	3c4418a4-02ab-59a1-988a-3bb8221abc9d	\\x8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:32.353586+00	2026-11-30 18:14:32.415063+00	2026-11-30 18:14:32.415064+00	2026-11-30 18:14:32.415064+00	\N	2026-11-30 18:14:32.415064+00	62	4
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	EMAIL	85f18856-8c44-556e-b08d-c4cecf8718c9	\\x20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	SENT	\N	smtp	2	smtp_451	<85f18856-8c44-556e-b08d-c4cecf8718c9@deliveries.orqestra>	\N	f	{}	2026-11-30 18:14:32.269846+00	2026-11-30 18:14:32.29167+00	2026-11-30 18:14:32.291685+00	2026-11-30 18:14:32.887873+00	\N	2026-11-30 18:14:32.887873+00	29	12
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	PUSH	2e435bb9-fbf6-5352-8e7e-2b469580836c	\\x6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:33.492021+00	2026-11-30 18:14:33.563682+00	2026-11-30 18:14:33.563685+00	2026-11-30 18:14:33.563685+00	\N	2026-11-30 18:14:33.563685+00	104	4
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	EMAIL	677d577a-b093-522c-a1da-261ce5c48e2d	\\x599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	SENDING	\N	smtp	1	\N	\N	\N	f	{}	2026-11-30 18:14:33.528686+00	2026-11-30 18:14:33.563871+00	2026-11-30 18:14:33.563884+00	\N	\N	\N	105	3
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	PUSH	6b2aacc5-86c3-5c35-be64-f6d6dcf93c74	\\x599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c	\N	order.confirmed	1ce82c40-716c-588d-bd84-5a13f349ccdb	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-30 18:14:33.528686+00	2026-11-30 18:14:33.563932+00	2026-11-30 18:14:33.563932+00	2026-11-30 18:14:33.563932+00	\N	2026-11-30 18:14:33.563932+00	105	8
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	EMAIL	f6f2e7a5-dd95-5dff-8fa8-ad3df8923e01	\\x6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f	\N	order.confirmed	36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	RETRYING	\N	smtp	1	smtp_451	\N	2026-11-30 18:14:37.767997+00	f	{}	2026-11-30 18:14:33.492021+00	2026-11-30 18:14:33.563951+00	2026-11-30 18:14:33.563953+00	\N	\N	\N	104	9
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	SMS	cb034e23-8cf3-5a42-aa68-6c10128e9f2f	\\x599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	cb034e23-8cf3-5a42-aa68-6c10128e9f2f	\N	f	{}	2026-11-30 18:14:33.528686+00	2026-11-30 18:14:33.563919+00	2026-11-30 18:14:33.563921+00	2026-11-30 18:14:33.631962+00	\N	2026-11-30 18:14:33.631962+00	105	9
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	SMS	bfd36ce7-c9a8-5e62-bd60-db9c56401fb9	\\x6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f	\N	order.confirmed	bec705de-aa9a-54a3-abef-2f151e3fedf9	2	SENT	\N	sandbox	1	\N	bfd36ce7-c9a8-5e62-bd60-db9c56401fb9	\N	f	{}	2026-11-30 18:14:33.492021+00	2026-11-30 18:14:33.563966+00	2026-11-30 18:14:33.563967+00	2026-11-30 18:14:33.635346+00	\N	2026-11-30 18:14:33.635346+00	104	10
\.


--
-- Data for Name: dispatch_due; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt, lease_owner, lease_until, waits_for, due_before, expires_at) FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	EMAIL	held	2026-11-30 18:14:32.556294+00	2	\N	\N	\N	\N	\N
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	EMAIL	sweep	2026-11-30 18:15:03.563884+00	1	\N	\N	\N	\N	\N
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	EMAIL	send	2026-11-30 18:14:37.767997+00	2	\N	\N	\N	\N	\N
\.


--
-- Data for Name: dispatch_processes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.dispatch_processes (owner, seen_at) FROM stdin;
01a22daa-6d14-74d2-9bf6-4c76664558a4	2026-11-30 18:14:33.510437+00
\.


--
-- Data for Name: event_lookup; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.event_lookup (tenant_id, notification_id, recipient_ref, email_ref, phone_ref, event_type, accepted_at, "position") FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	\\x3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82	\\x0a99b3f819e05f0b04f88bd252e776fd439e74b8ea20e596ee487273d961a10f	\\x961164e6e72e4542f23f2c5e1d8ddde6e71d80a264ef16c97178417d28284aee	order.confirmed	2026-11-30 18:14:32.292683+00	38
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	\\x346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329	\\xbc04b24035530ae3f0c30d0e8ee82560bf6bc7b39280147d10fc20c219526cbb	\\x367e51cd313a032b0ce5071c4ef1cfe115346c8d04ab1aa32a4746d821245d67	order.confirmed	2026-11-30 18:14:32.278967+00	32
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	\\xef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10	\\x8720a2954ea0771854631932d2617a564887e108165c1c0c7de85186178ae2f5	\\x61da05aeaa36c19f3a5df0b3d004e9592bb9bd029d5a1d8719d9e205aa5aade8	order.confirmed	2026-11-30 18:14:32.327339+00	55
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	\\x3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c	\\x2e6bf2db15a74e0919b22e184b5bbe315ae4a458eca6e4aa9592e2e3078d0e51	\\xcd6b42545ac62233042693fec74189f517ffa05e99779e576cc0063bdb5b4ea2	order.confirmed	2026-11-30 18:14:32.256529+00	25
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	\\x81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca	\\xc7a7d957ae333896474839fce2168447cf38762908db10b32902670e5110c645	\\xac626869c930f9f553c690d9c3ad4ec97dd9242d1e187d4d24e600606da21a2d	order.confirmed	2026-11-30 18:14:32.30739+00	44
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	\\x20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5	\\xbc8c1c6ff61d087c007e85dadf986cfbcb7cb6a5244bbc5587bc2851d6975a6d	\\xd992f147ad05798bcb8def623554c5cae6a25ebe91ae63dfc9c5c3350324aca7	order.confirmed	2026-11-30 18:14:32.269846+00	29
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	\\x599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c	\\xdaf914e794cada398526c412d69ca0cb4128ba22d1015c4be11bcb3423a08b1a	\\x225663142467e4332d37433664760f77ed38284e893f6814cbd72c40c619cdc1	order.confirmed	2026-11-30 18:14:33.528686+00	105
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	\\x6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f	\\xeaf737dcd388100a4b1ed259604af0ecee1d1797b830c63fcef11927d333f880	\\xf87857afa580f23c7af56d9488925ffc68e6d638323b91bdd5e7d1e1507997f7	order.confirmed	2026-11-30 18:14:33.492021+00	104
\.


--
-- Data for Name: event_lookup_forgotten; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.event_lookup_forgotten (tenant_id, recipient_ref, "position") FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	\\x8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401	103
\.


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, "position", event_id, tenant_id, recorded_at, leaf) FROM stdin;
Tenant	6f727165-7374-7261-8000-706c6174666d/6f727165-7374-7261-8000-706c6174666d	1	TenantRegistered	1.0.0	{"TenantRegistered":{"at":"2026-11-30T18:14:31.717887Z","limits":{"ratePerMinute":1000},"name":"Orqestra"}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6628-7f88-bca3-01cd0c11f06a"}	1	01a22daa-6628-7c37-b101-9a10cf79b978	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.720657+00	\\x09658ed0794773d19ebb0abbfa95d92f1661d2416423fccb4b45424a16ddb9a2
Tenant	6f727165-7374-7261-8000-706c6174666d/6f727165-7374-7261-8000-706c6174666d	2	ApiKeyIssued	1.0.0	{"ApiKeyIssued":{"at":"2026-11-30T18:14:31.717887Z","hash":"e0e5c80cff6a672c21be2aaab28308e3afecf1f136940ce0c1a129f88b9fd6e5","keyId":"01a22daa-6625-7cd1-b22f-22d8a39c6435"}}	{"actor":"engine:seed","causation":"01a22daa-6628-7c37-b101-9a10cf79b978","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6628-7f88-bca3-01cd0c11f06a"}	2	01a22daa-6628-79bc-a521-097d2e668bbd	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.720657+00	\\x5e77b8cd6f9c5d7dddf58644c3f09784e550f76932f041eb90b10cd3226eca89
Template	6f727165-7374-7261-8000-706c6174666d/41e91fd9-a8a1-5331-9258-6acac11d2814	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.724609Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #2563eb\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.info","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-662d-7f87-9b0a-7279ecd40fb0"}	3	01a22daa-662d-7010-867d-41c52247764e	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.725127+00	\\x3703c70c16b60dfa44892fe290c6f619acbab36b8921360a987ebd976cdce48d
Template	6f727165-7374-7261-8000-706c6174666d/48abddc4-f9b6-52db-a50b-3df065994a7f	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.727262Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.info","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-662f-706a-a2f6-d5c41b75b054"}	4	01a22daa-662f-7ad3-9915-eaf1633581f9	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.727748+00	\\xbf6586cc49877c85964642fca7596a74c3649a282f7bbe8851a5680dc5d90a79
Template	6f727165-7374-7261-8000-706c6174666d/885b0e52-2c1f-5214-817b-a6278a4bdc2f	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.729801Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.info","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6632-7c8e-a538-78015779d8fe"}	5	01a22daa-6632-709e-8ba4-4428bd982433	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.730201+00	\\x7362e6a6ae472ced23e0374f91d37d0b0607aa04f9182e9993f7afd5669f6de2
Template	6f727165-7374-7261-8000-706c6174666d/7579a436-4c42-5115-8d50-3d9e25a0d2b1	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.731167Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #15803d\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.success","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6633-732a-aa02-0834261c9345"}	6	01a22daa-6633-7e11-aad9-d4d06b06aaeb	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.731572+00	\\xc7d475534952abe154d58f31f14ceb8ba43420d6d66d73e503c5e0d8cc2ead31
Template	6f727165-7374-7261-8000-706c6174666d/1189325a-21b6-5620-97da-1f89ece8c309	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.736822Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.success","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6639-7d36-bdaa-1617e7a4d7cb"}	7	01a22daa-6639-7b5b-b62c-a1271d877b7e	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.737389+00	\\xbf0c7c5967957bb79434e6a499cca78884e5cde23d9e91f83d1fd63a9bce7c1b
Template	6f727165-7374-7261-8000-706c6174666d/58c525c9-08b2-51ff-aa8f-83a1a5f6d19c	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.739198Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.success","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-663b-777a-82e7-d4e61dadce4a"}	8	01a22daa-663b-7ef9-b80f-4ea9bf5e07ec	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.739449+00	\\x68d7e86982764a029804285543e808c235e50c7f96bda7cac06d30f9e6d1ffcb
Template	6f727165-7374-7261-8000-706c6174666d/27c3a69b-cfe0-5bea-9a22-24d962107f4a	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.740105Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #b45309\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.warning","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-663c-715a-ad46-a7ea4b318b5f"}	9	01a22daa-663c-7caf-b848-e831e621a854	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.740333+00	\\x0257e1a3745360cdb904d7b22900e5ff7a49fa6edea199f96aa690ef69c0c40c
Template	6f727165-7374-7261-8000-706c6174666d/0c9306bc-d78d-5107-8474-14b3f0d321bb	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.743534Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.warning","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-663f-713c-aef8-d41810516d7f"}	10	01a22daa-663f-7045-bdee-1abdc36ab7c0	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.743786+00	\\x8d8da50e4b60171ac285a5b3ea57a4741147323313ceddb666bef6705334c43c
Template	6f727165-7374-7261-8000-706c6174666d/86cd02b2-4fba-5616-af61-9fab3ac22716	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.747631Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.warning","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6643-703b-b924-07a272114738"}	11	01a22daa-6643-7ac0-8eeb-b034ccadfc54	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.747899+00	\\x4be69cf1b32daf2832201a61b146251a8dbbeb96af3ff8bfb9dea76f581c8e08
Template	027c636d-4da8-5da2-8479-4a45e38b871e/bec705de-aa9a-54a3-abef-2f151e3fedf9	2	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:32.247615Z","channel":"SMS","content":{"body":"{{ title }} again"},"eventType":"order.confirmed","version":2}}	{"actor":"admin:primary","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6833-789a-b2f5-bafeae295171"}	24	01a22daa-6839-7443-8915-49b6b99fa9ab	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.249204+00	\\xee5d61c52f2fd924a8517b9c49d6ce4e2a3c8744f5c7dc24cd5fa28d46143701
Template	6f727165-7374-7261-8000-706c6174666d/f19fdcc6-1119-5146-a775-e865bc31c122	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.757998Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #c2410c\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.alert","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-664e-74c5-898e-7146b0dc1a91"}	12	01a22daa-664e-7f8f-8e55-7e593a940939	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.758422+00	\\x5f80d4144de8c11009763e759cac4c37710f17a24b7c438901101b0859457092
Template	6f727165-7374-7261-8000-706c6174666d/c303700a-e9ac-5d8c-b289-e0ad5ecae1d0	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.759776Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.alert","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6650-7ec8-8953-e9eec03d31d6"}	13	01a22daa-6650-7d0e-b41b-a8dbc3309d3a	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.760056+00	\\x037c0e563ec2d9501e39a97ca8a0277047421b422ef6571b65bd9a1af89c6905
Template	6f727165-7374-7261-8000-706c6174666d/61896b54-0275-5531-ad21-f6f24e874165	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.766873Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.alert","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6657-716f-840f-75c9db75f179"}	14	01a22daa-6657-75b2-a8c7-4b59e2884c2d	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.767319+00	\\xc9764380765c37601a106d5a6476cc07ac5e56e124ae19705dbecd41dda0e9e3
Template	6f727165-7374-7261-8000-706c6174666d/898fdab0-225d-56ee-839d-d18a957b09f2	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.768208Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #b91c1c\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.error","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6658-7142-a8b4-f8132d9debce"}	15	01a22daa-6658-727f-9c32-4594a84d13cb	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.768445+00	\\x05c798637863c48c75de4769d1036a9745d99c2b8b55396232176b6e43f9787f
Template	6f727165-7374-7261-8000-706c6174666d/11603afb-542f-564c-94f6-57b7f143b955	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.769253Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.error","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6659-7963-bfbf-74fd58b714a4"}	16	01a22daa-6659-704b-8d23-655620acb972	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.769464+00	\\xacd3d6e9818351d087b790340c2f066202244823b6bd0b226c2c0759745c9bf7
Template	6f727165-7374-7261-8000-706c6174666d/2cfb49c9-d452-59a7-b21c-15a2b3acb0b3	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.770772Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.error","version":1}}	{"actor":"engine:seed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-665a-7037-a6b9-8fa17ab47431"}	17	01a22daa-665a-738b-8bbd-6a1d99ced96b	6f727165-7374-7261-8000-706c6174666d	2026-11-30 18:14:31.770997+00	\\x242d7f44a116fff2b420e42b499affb022b764f32d2b98ab2e502f08b456f282
Tenant	027c636d-4da8-5da2-8479-4a45e38b871e/027c636d-4da8-5da2-8479-4a45e38b871e	1	TenantRegistered	1.0.0	{"TenantRegistered":{"at":"2026-11-30T18:14:31.783135Z","limits":{"ratePerMinute":1000000},"name":"YourTenantName"}}	{"actor":"engine:bootstrap","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6667-7617-af18-60e084d9aed9"}	18	01a22daa-6667-75cb-8ef8-3f0c25232486	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:31.783559+00	\\x6a951e375ba55553940d6fb7a99950673b56c319fb7a00bfb9fd34379c47170b
Tenant	027c636d-4da8-5da2-8479-4a45e38b871e/027c636d-4da8-5da2-8479-4a45e38b871e	2	ApiKeyIssued	1.0.0	{"ApiKeyIssued":{"at":"2026-11-30T18:14:31.783135Z","hash":"7f4a34f6208c8d1328d27ab4d12e898cca143d0924f24f3bd6d3ff62bee96615","keyId":"01a22daa-6667-7a15-aa77-3e2b3917950b"}}	{"actor":"engine:bootstrap","causation":"01a22daa-6667-75cb-8ef8-3f0c25232486","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6667-7617-af18-60e084d9aed9"}	19	01a22daa-6667-7d33-b68c-bc629275cbd1	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:31.783559+00	\\x11f8acb8c161f44211e73feb2cb4a584cf7fe0397c3a995bce897c73e9b1d4ca
Template	027c636d-4da8-5da2-8479-4a45e38b871e/36132aeb-ae57-5b64-bb39-7e9cdb665d08	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.786530Z","channel":"EMAIL","content":{"body":"<h1>{{ title }}</h1>\\n<p>Your order <b>{{ orderNumber }}</b> over {{ amount }} has been confirmed.</p>","subject":"{{ title }}: {{ orderNumber }}"},"eventType":"order.confirmed","version":1}}	{"actor":"engine:bootstrap","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-666a-71f4-ae69-a68afd5ac9a8"}	20	01a22daa-666a-7e16-8423-6a619da8d8be	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:31.786891+00	\\x631ccc1fbde32f6ec88eb1a990a46ae58cb91be9cca2536e992838c674dde797
Template	027c636d-4da8-5da2-8479-4a45e38b871e/bec705de-aa9a-54a3-abef-2f151e3fedf9	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.787802Z","channel":"SMS","content":{"body":"{{ title }}: order {{ orderNumber }}, {{ amount }}"},"eventType":"order.confirmed","version":1}}	{"actor":"engine:bootstrap","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-666c-7c0e-8609-3f3830ee7148"}	21	01a22daa-666c-707f-b539-ceece373b830	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:31.78803+00	\\xc8b19d1cb1f570b45e4325ff00153acb9fa5ebba44b882735c75c8feb003768e
Template	027c636d-4da8-5da2-8479-4a45e38b871e/1ce82c40-716c-588d-bd84-5a13f349ccdb	1	TemplatePublished	1.1.0	{"TemplatePublished":{"at":"2026-11-30T18:14:31.790152Z","channel":"PUSH","content":{"body":"Your order {{ orderNumber }} has been confirmed.","title":"{{ title }}"},"eventType":"order.confirmed","version":1}}	{"actor":"engine:bootstrap","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-666e-761c-8aea-964df3da6336"}	22	01a22daa-666e-7c82-8923-10d1a74ca895	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:31.790419+00	\\x9622e1afe518daba103de97352a62be142043ea9673eb739b03b4e944ce5bc7d
Tenant	027c636d-4da8-5da2-8479-4a45e38b871e/027c636d-4da8-5da2-8479-4a45e38b871e	3	ProvidersSet	1.1.0	{"ProvidersSet":{"at":"2026-11-30T18:14:32.229722Z","channel":"EMAIL","providers":[{"from":"Shop <shop@example.org>","host":"127.25.113.108","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","kind":"smtp","port":2525,"tls":"none"}]}}	{"actor":"admin:primary","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","requestId":"01a22daa-6824-7cbb-8574-1c52e760a68f"}	23	01a22daa-6828-7b53-b3c1-b340afbcfa0c	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.232949+00	\\x4f3859fd90b20a93ca329b1781dd484912177478488be243b93908a72ed338d3
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.256529Z","eventType":"order.confirmed","fingerprint":"dedb8c1dacdea28e44f5a2d6428c608b795dc0e411e72445ab4759dd0aa16e6d","plan":[{"addressRef":"2e6bf2db15a74e0919b22e184b5bbe315ae4a458eca6e4aa9592e2e3078d0e51","channel":"EMAIL","deliveryId":"6c2848bc-8dc1-5cca-aba0-51749db18e2a","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"cd6b42545ac62233042693fec74189f517ffa05e99779e576cc0063bdb5b4ea2","channel":"SMS","deliveryId":"d09ef384-c80d-592b-9d35-b87272f3402d","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"65d64055-b53b-5e88-bae9-ccbec98bf93f","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"ZKkjzUYu0/cY+lgjVTINCKo9qXKK0CJyabInt/0LHWQwTjjJ9XaYrO/DH1s4844sxJ+nMrcEeJIjPvl2jqpECjH0FGtxJnqgP7JG01kQ/KouQoXcoEC/AbM/Ave0Jzi9hqpXgDuUK+FoleoywBTC5z771u+7putf","keyId":"7561c48f-dad0-4add-9574-de7b96300196"},"recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","tenantName":"YourTenantName","variables":{"data":"xCAK2UEZYgJyqXAhwyNHJPoqpwM8fTkN12ZuKhgAXFSW0GBnEBi9p8sa6RCISc+jyVlGBwv5rgk080/MyPffGql9G5i4GG5ALfXEfiCHuKSvS3Ho57blZbGl/3V2b4s=","keyId":"7561c48f-dad0-4add-9574-de7b96300196"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	25	01a22daa-6840-7c2a-9e39-d4779c12b097	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.256613+00	\\x106615f4134b19c7083067357e02c8df49f66565bb9f15f22c3e5e3ea9e4692d
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.266547Z","category":"orders","channel":"PUSH","content":{"data":"HmsAKifDHRvuEBprRkbBG5sqYK0UUlN7Qbw72I6Fx4b/YMVgbczcGn8HsFMQqX4YhOKUcVvaU+jvCAXwoLXUPDiQn0chZ6CNp5aqat+EK4PoO0KO5jlcaUh0wVdnSKucLpEdca4=","keyId":"7561c48f-dad0-4add-9574-de7b96300196"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6840-7c2a-9e39-d4779c12b097","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	26	01a22daa-684a-7284-80ac-706847b5b82e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.266634+00	\\xcb8d1782c4d501c4953a41ce6757255fabf65e49792ade19790cc63e2f29fc59
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.266548Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"65d64055-b53b-5e88-bae9-ccbec98bf93f","expiresAt":"2026-11-30T18:14:32.266548Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6840-7c2a-9e39-d4779c12b097","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	27	01a22daa-684a-77fc-bd4b-22f42585b7be	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.266634+00	\\xa8bb42a3ca04a6a24a668b4fae51aea0fb0c4472ae1853e7e4f58cf32a77c91f
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.266548Z","attempt":1,"channel":"PUSH","deliveryId":"65d64055-b53b-5e88-bae9-ccbec98bf93f","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-684a-77fc-bd4b-22f42585b7be","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	28	01a22daa-684a-744f-aa8b-8a196744ddb6	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.266634+00	\\xfc304b559642a12189d86e0110a79d940672719f747faea6f1ce4e313287ef01
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.269846Z","eventType":"order.confirmed","fingerprint":"97248bdb886d5e6dabc92e34a60e1e4c05415719b0fe4952bd20ec9cad863fc0","plan":[{"addressRef":"bc8c1c6ff61d087c007e85dadf986cfbcb7cb6a5244bbc5587bc2851d6975a6d","channel":"EMAIL","deliveryId":"85f18856-8c44-556e-b08d-c4cecf8718c9","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"d992f147ad05798bcb8def623554c5cae6a25ebe91ae63dfc9c5c3350324aca7","channel":"SMS","deliveryId":"27be6211-a002-51d9-9ef2-c877e200b677","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"f6bad212-585d-5c9d-ab13-a7b30041cf22","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"6QcDSmlV/vqUkjYhxtsL+w43MLa6PJ5jyLRM+AI7UJOoYjH+AktTd75BbDxttgmx0BlrYqy3iCy4d7NFNzJmIk5YVSpXdwP/9DObAVjIIqEoIgSKHqKVzD7lV9bBGmDzD5VzC11+kYG6+3+PZZX3/FRppFAeKVuywrIUilQ=","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"},"recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","tenantName":"YourTenantName","variables":{"data":"HvzL5+vGl+JGFvfyrIIqtVNGX8sMQ4xZe5kTYWF2XEuxvqQ49/4NGQB5hTNCh1hZdS+vqx9nt1oRT+ekm9SA2moX4Q0KN3of5kJ4V4XjSE5p3u/jBcaUluIgs30wLDA=","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	29	01a22daa-684d-7fac-b192-0515fc3edfd5	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.269913+00	\\x92196e2ed1faf554a9625c06868125f7b72bb6072896d6e770b5bc5a51474600
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.266777Z","channel":"EMAIL","content":{"data":"j21fAq7eHMIftlKyouUzy1sfeAhSo9E+iEKs3zTgzAva+ek6ytzCt7k0WBu+uiKWyji/aF0wJZ7swRab7n3eZRh/54bFx4mtOvZ9Nk+QHh5R7g9I6An5fcTGdL3tv+6QsNdAol1QUWFN1zm1XotY0vecHomEzmnZeFXxV+KS9KrXZsjReQbvqtX0QwkW27BXdTOpBaB988oR7pqVDAgSpVH0F2wAmT86BGgs9rlaEqnaJKLcaqImxjHWQ5NOQAaFmpIAvVAIDf4wQagj/dMw4MqE/jMex8McGl2lcQd1l+sEwJcOHlh+WfYJNFMkRyc=","keyId":"7561c48f-dad0-4add-9574-de7b96300196"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6840-7c2a-9e39-d4779c12b097","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	30	01a22daa-684f-7287-a9fe-0e60b9bd79c8	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.27186+00	\\x4f91edcfac0cc2df51597a2acc4cf81b3b4a619f91fc4a80123a1c53d48a63cd
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.266792Z","attempt":1,"channel":"EMAIL","deliveryId":"6c2848bc-8dc1-5cca-aba0-51749db18e2a","expiresAt":"2026-11-30T18:14:42.266792Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6840-7c2a-9e39-d4779c12b097","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	31	01a22daa-684f-737c-a652-6b05a4ee25ed	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.27186+00	\\xfdc4f22253428b51148183160b5ee32def4d8ea329177e193594f0c566118399
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.278967Z","eventType":"order.confirmed","fingerprint":"0b5c53697cf0e95dc61a3aac8b303d3b5e9706337f73643444c98ef413e2fe8f","plan":[{"addressRef":"bc04b24035530ae3f0c30d0e8ee82560bf6bc7b39280147d10fc20c219526cbb","channel":"EMAIL","deliveryId":"49ca1b96-faa9-5ffe-bfac-6dbdd1f307d6","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"367e51cd313a032b0ce5071c4ef1cfe115346c8d04ab1aa32a4746d821245d67","channel":"SMS","deliveryId":"6089f0fe-f3aa-5c0e-8b5f-7869d8388af2","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"283cb010-4d18-5e30-80ff-4abfb1f879aa","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"71pDNki23EPT4Je7POsR5gZcAH+jwcDEYloTrVY9JCZ3/1S9yOv0NOkKwHXic4g6bEwNfM35R/4vji+I9DrX0vA01FQE3XiR/rTdYQ9jKt+SSqKu3zHSl8WByaTi2sXfdZHAQnwwJZ0KXlxPwmDuFxVP5uc6Y6j+idKN","keyId":"bb65563f-353b-4e7f-9f56-f2a39333de7a"},"recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","tenantName":"YourTenantName","variables":{"data":"bqxoltCCOp4L4M0Rmd4WpF+XJFM+ZAnF9AEJiOwc/ziiy/t6pTKIrpdE58R3lrkpCzcYiZOVnzww8vCoFsihgfKddfYZaCbA3Ofw6SxWJBX/VSVYtTpRq8vIBd3nUuU=","keyId":"bb65563f-353b-4e7f-9f56-f2a39333de7a"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	32	01a22daa-6857-787e-93c1-3ee33d8420f7	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.279029+00	\\x0b76449533b274ec9925cb31a0ba497c0048943e533705a2851d013b032c3400
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.266811Z","channel":"SMS","content":{"data":"bsL5KeIxLr9x9STzoG4ahG4ycKUDZLNsMMS5eWRAVIJuH3/swlleHoeCy2BcZC9aSnJAMp8ewfUmelsK","keyId":"7561c48f-dad0-4add-9574-de7b96300196"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6840-7c2a-9e39-d4779c12b097","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	33	01a22daa-685a-75b0-b853-d644b642344e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.282434+00	\\xf7dd79062b29662f57ac732e0d440f822dc45549bcb48d4cfc89a3477b3b401f
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.266812Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"d09ef384-c80d-592b-9d35-b87272f3402d","expiresAt":"2026-11-30T18:14:42.266812Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6840-7c2a-9e39-d4779c12b097","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	34	01a22daa-685a-71b6-a626-0fe582619806	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.282434+00	\\x82ddf3712b85e6c4c293a52bdb486d8f47d0c4b09ad7c49149b3a6d34a4b092c
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.291549Z","category":"orders","channel":"PUSH","content":{"data":"w+y4NusX6RxUU3mDK9c4WfyPINQ9uumCG4o1DbDaoSzjOAFisuO1EkWsJAH5bpL1ujSn8MDVJJrEj/2XD28T1j9rojk7EY3rlTy+UG5qU2RswIX3h68ndTOX/ojncwQKgAaA8qQ=","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"}}}	{"actor":"engine:dispatch","causation":"01a22daa-684d-7fac-b192-0515fc3edfd5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	35	01a22daa-6863-7265-893e-d5e7add30bec	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.291603+00	\\x51f5ce869bf3adcd604535ff18b88dc01c5e9b02d5f81be59cd9274f8ef406d1
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.291551Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"f6bad212-585d-5c9d-ab13-a7b30041cf22","expiresAt":"2026-11-30T18:14:32.291551Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-684d-7fac-b192-0515fc3edfd5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	36	01a22daa-6863-7bc7-b6f5-9b3f21fd73cb	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.291603+00	\\x268560d44fc3ba3682987dd35c8228b49a630ba8741488b986a6cf8848ee5820
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.291551Z","attempt":1,"channel":"PUSH","deliveryId":"f6bad212-585d-5c9d-ab13-a7b30041cf22","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6863-7bc7-b6f5-9b3f21fd73cb","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	37	01a22daa-6863-7997-aaf8-ebf2d049d8fa	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.291603+00	\\x2a5605415a506d438f70602cd0745cb795cff2062ce5245f510e66b3614951a4
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.319142Z","channel":"EMAIL","content":{"data":"yntDZ4jI+7aWq102yevXtHgoiJk3DJvIkz3dXKP/1p0NCliAv+L6pldEKTuQpp51Dw0gdcpONv7VcsNg7LYSNIRictraQpiVoq/wYqa0OETMMkIjgmHwo7YTY5qqRtsdpBk+MdvZO6eekoBEfGEbSpLak45rQ7JW3hoBy+9prHUhfRXieymeR2oSYmB8yZCFgQDGvDb1ZLiV0xj+egumlly1Qu/V7BDHYdVk0sHN7UxPN5M2RmxB3HJ3BRD/NThxSWhIcVs6/rlwaHR+4OHE8qaxW9iAFxk4dwvjWEdiNwWiaE9cinH2uvZEGHhLdq4=","keyId":"887645a6-0a5f-49a1-a362-b9617f5598dd"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6864-79de-a2f2-371c065fb5ce","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	52	01a22daa-6884-7478-aa83-b771395e863b	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.32455+00	\\xf5d984a9f5bf03484d79a4b39159384f214b75ce00f88989909c20fe80c1ef34
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.292683Z","eventType":"order.confirmed","fingerprint":"44658305246cfe31c2b8c5a966b4c595a4813dc33db2ae9e588e0b0ecbc619bf","plan":[{"addressRef":"0a99b3f819e05f0b04f88bd252e776fd439e74b8ea20e596ee487273d961a10f","channel":"EMAIL","deliveryId":"90dbf127-da02-59af-a93b-c50cc45ac6a1","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"961164e6e72e4542f23f2c5e1d8ddde6e71d80a264ef16c97178417d28284aee","channel":"SMS","deliveryId":"0abf55f0-28b5-5f7b-b712-ba472ed038ba","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"f60d44bc-0924-5068-b106-0c36768aa53c","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"mqlcIhyf1ktyaRu4nur5zyjqxtAEDOAYw1uGq4500+AnyQqbDMbSW/5ZTuhz8FKmUmtlV4/oxxAreFrpXAnm7Fx88WQ1tOd4D43V+7s4DxMc4xN3ZiFDeGdvQeDG7Pxhx9N20aFOZSsdSnGBdg0zAmYWGkb/YZOtrA==","keyId":"887645a6-0a5f-49a1-a362-b9617f5598dd"},"recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","tenantName":"YourTenantName","variables":{"data":"jplKlxgvNExt5M21xGD+YjCYHQXS9aAUnMDHpVGOy+cpd6hPqccp2h31NRKEWmLsHapuf2Gkv4eu61vycMfWtpIzBp3RoBQesGcf1M62m+/ONBZXFaZ7Hhkw2Sj4foo=","keyId":"887645a6-0a5f-49a1-a362-b9617f5598dd"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	38	01a22daa-6864-79de-a2f2-371c065fb5ce	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.292742+00	\\x5af1c244c99446c57adbb4fa92e132d4640df43892bc3d3f101562ab68001de3
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.291670Z","channel":"EMAIL","content":{"data":"0D49IHvELwzqZkgVU0ySMpwAPYfLAYGnOWa4Ud8m8BjG1E5465qQUo4dsITuKI7AygOMOO8MsRDih2/pWlBwU75zyDJ8O76u/I7WdyKNzI6G2qjFN1DiJ5YKCO8lVYf+w0XhTNFVarhWvJcWceSzyHUXm6j/P0X+DdErHxbK4u4Mx5DI1xfTJTmZ73HAQz5jOnE+2eDpE2l/kVlRXaylEJNnIuQhwCQSbGn1q4BOrxAlsmnXorKr22V4sp5VfuywDSsrFN6LGT2OXMYtKTHNuDNk9k/5jqzwUC7ZzRtUYHs6s+K9vlULEu7AuaHSDlY=","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"}}}	{"actor":"engine:dispatch","causation":"01a22daa-684d-7fac-b192-0515fc3edfd5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	39	01a22daa-686f-7ecc-8019-271c1e03fde6	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.303524+00	\\x3b9ee6b0f31ea1ab2c219668119f5bb565e29e2bef818fceb25149f30b3833fa
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.291685Z","attempt":1,"channel":"EMAIL","deliveryId":"85f18856-8c44-556e-b08d-c4cecf8718c9","expiresAt":"2026-11-30T18:14:42.291685Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-684d-7fac-b192-0515fc3edfd5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	40	01a22daa-686f-7ea9-8174-539bdfdc1d0c	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.303524+00	\\x40f8aa9ba67a320708d5a6a6c80b1ac1dde21935844d95c19563a533fb0d6d68
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.303678Z","category":"orders","channel":"PUSH","content":{"data":"WT1OC18hbqppHzv7dvEAryyFEClnv6OPfMeJWh9wWQV291UazdsZZq7jA3FjTHH+BAsXYcusWa0baQ9BbpKK2/5D5mqSitXU5pf6W/Pyd+YffoyY/eyckxJH13OLp8z2RmPMNeA=","keyId":"bb65563f-353b-4e7f-9f56-f2a39333de7a"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6857-787e-93c1-3ee33d8420f7","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	41	01a22daa-686f-76d0-be2d-26ad55951867	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.303702+00	\\xc3a5a97e358f69930728f6e9104094c8fbd1b46d273a9992fb83b8c9be186153
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.303680Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"283cb010-4d18-5e30-80ff-4abfb1f879aa","expiresAt":"2026-11-30T18:14:32.303680Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6857-787e-93c1-3ee33d8420f7","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	42	01a22daa-686f-7119-87e7-cf568f2dab38	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.303702+00	\\xaad7a6bd4822d582d251390c9bb056b85e508f4f1039228fb80ab0f00034574a
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.303680Z","attempt":1,"channel":"PUSH","deliveryId":"283cb010-4d18-5e30-80ff-4abfb1f879aa","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-686f-7119-87e7-cf568f2dab38","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	43	01a22daa-686f-7cab-9b34-c0af1eb769ca	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.303702+00	\\x78a39b60031cbd59eac823794cceb85a63290a95a8f11b82755b7ef62e3e8c6a
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.319154Z","attempt":1,"channel":"EMAIL","deliveryId":"90dbf127-da02-59af-a93b-c50cc45ac6a1","expiresAt":"2026-11-30T18:14:42.319154Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6864-79de-a2f2-371c065fb5ce","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	53	01a22daa-6884-7a88-b7d6-4c143d3cfb64	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.32455+00	\\xa266f98db44dd2f98cc99f1236c2fb2d90e86e1ea7563860e327d049348c106b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.327068Z","attempt":1,"channel":"SMS","deliveryId":"d09ef384-c80d-592b-9d35-b87272f3402d","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"d09ef384-c80d-592b-9d35-b87272f3402d"}}	{"actor":"engine:dispatch","causation":"01a22daa-685a-71b6-a626-0fe582619806","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	54	01a22daa-6887-700e-892a-44f79b1da439	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.327101+00	\\x61b0d7300b807758fa9ea858ed8962c63d175da90cbfb8ebb9ddb69e97bf8680
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.307390Z","eventType":"order.confirmed","fingerprint":"e1d459b9388cd8722ae9f1f6e84792b2423eaa294bd5df12f6ac7473428c7617","plan":[{"addressRef":"c7a7d957ae333896474839fce2168447cf38762908db10b32902670e5110c645","channel":"EMAIL","deliveryId":"58ce0a61-89eb-512c-8a7f-69178a3a9571","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"ac626869c930f9f553c690d9c3ad4ec97dd9242d1e187d4d24e600606da21a2d","channel":"SMS","deliveryId":"f57e47de-053e-5b41-b037-f5fad1c9248f","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"4f830816-bf4d-5e9b-a84f-03770b3e97ff","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"sEem+SPNDYgbDfz5O9YWydsoGPJyhNC8cC18E0jLlZGa2hcNXryj3XJfMG2XmUf0twbOgGAfNsvylYKOXQe0VMaAB92lnkYVqoAzRS6O9+VjWMiLhtdmKEhqUbMFbnmnkCGz4aUoE1VXW9TLH80laSr106/0dmhViA==","keyId":"810c6282-d249-492e-b622-590cd343491a"},"recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","tenantName":"YourTenantName","variables":{"data":"SMsM/i+eAWJdC8SSwsGWeYpGTLpeKQc4oS4H3mgnIzaf78iu7BCZxaMDLYLRaeULEbEvXDoHTT5vwR+KNTXFtqFJ5O8C185eD2dvGAK1J6b/FgjCOoi6qB2vIctYC2o=","keyId":"810c6282-d249-492e-b622-590cd343491a"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	44	01a22daa-6873-791c-9548-866c34522354	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.307471+00	\\x7d822adcdde76aa7b49d9deb180d851394a9753e9f5f9905d337c78191bd7186
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.291705Z","channel":"SMS","content":{"data":"32jpmpNr4k8RV4xxQ7/jYCdxCT7uF8WqjPEqAJEGGgp+I1l2QWh6p+4kl9KpeX2XA3doWfPlrnKacEoc","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"}}}	{"actor":"engine:dispatch","causation":"01a22daa-684d-7fac-b192-0515fc3edfd5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	45	01a22daa-687c-758d-9660-9e7e3620be88	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.316338+00	\\xb64fb3f4cfa4c290d894794c17e9aef59d8f74c2bd886c0210dcb066317d3aa4
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.291707Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"27be6211-a002-51d9-9ef2-c877e200b677","expiresAt":"2026-11-30T18:14:42.291707Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-684d-7fac-b192-0515fc3edfd5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	46	01a22daa-687c-717a-a722-35473c12e49e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.316338+00	\\xa61ea47390b3fd1ad8d83bea0868e47efb2b8361b547faf40c082805e444f285
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.319040Z","category":"orders","channel":"PUSH","content":{"data":"UX8/BVCk+jQH+xp9Sz6CZ3Qs6pbbDyUq13MVgrIkcBCfLH/6dTIlpluPV1T+6nI1GTiG6Q44wDgpoQ73jyYhYg7Wgy1TAkryswu0GlAHpGw5moJgp10HSAcOf7A6XHI1UUqwQjM=","keyId":"887645a6-0a5f-49a1-a362-b9617f5598dd"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6864-79de-a2f2-371c065fb5ce","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	47	01a22daa-687f-7f59-98a7-df956760b360	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.319079+00	\\xb6a7a4305d957a6403d6bf6c4ebf2d16c46b6ec10a6db80d0f0884185c848a5a
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.319042Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"f60d44bc-0924-5068-b106-0c36768aa53c","expiresAt":"2026-11-30T18:14:32.319042Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6864-79de-a2f2-371c065fb5ce","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	48	01a22daa-687f-7d7f-8c15-4e71f877976d	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.319079+00	\\x98788dfd6578bf6c3e586536aad9ef8f1cb47e37b9c74aa30ab029cb34101f6f
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.319042Z","attempt":1,"channel":"PUSH","deliveryId":"f60d44bc-0924-5068-b106-0c36768aa53c","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-687f-7d7f-8c15-4e71f877976d","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	49	01a22daa-687f-7b6d-90dc-90b739273bbe	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.319079+00	\\x9d5b2921dad1f8ed3fda0ce44f689f6b804c07fc8daee5d8354633ae56dd3092
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.303761Z","channel":"EMAIL","content":{"data":"xwJu51NwRs8Jf0PJnZCPLpebtXu4sITrTY6p2N/5xlgEbCZhfc4laBHj3cqFk/QtknsmN3BWwvSYhi3ReW+2adRSYJ3I2CQytBFJfXj20LPmDzIov8gZE4i1XXSpbTmqprcZp4tSjDxYCtSW2WImifLqWN4vKVivyynbnLyHuyiFZKofw/HuNNQ+q2mud9zeGU7l+9n3cLppGREJ9mEo12Uy4C6wPfEgj1NzRMzYPja1qXpodUV5LIbTuHZkKsHvI5f2Wsm8tHOtmO6ex5tSmCXapU7OtCL/+NUWWCsbqHNJmpGM2wWffUj+a5lf0Pc=","keyId":"bb65563f-353b-4e7f-9f56-f2a39333de7a"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6857-787e-93c1-3ee33d8420f7","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	50	01a22daa-6882-77a3-9517-8d5c8ee3af20	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.322251+00	\\x58dbafd0839a762304a8a966834760e95c90fbeba757468daf50ea8071610460
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.303774Z","attempt":1,"channel":"EMAIL","deliveryId":"49ca1b96-faa9-5ffe-bfac-6dbdd1f307d6","expiresAt":"2026-11-30T18:14:42.303774Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6857-787e-93c1-3ee33d8420f7","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	51	01a22daa-6882-796c-be96-95113fc8e32a	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.322251+00	\\x23cc97af30c9ef55a3ebd8ad87c0a46e71a65333c935b0898867bc1eca41bc47
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.327339Z","eventType":"order.confirmed","fingerprint":"e2a8e6712ac6df8fcda05726554476a28fa38a014784b73824b20aa5a3b216d7","plan":[{"addressRef":"8720a2954ea0771854631932d2617a564887e108165c1c0c7de85186178ae2f5","channel":"EMAIL","deliveryId":"49c8e0f9-e4bb-5cf1-8f94-4184fc661ed1","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"61da05aeaa36c19f3a5df0b3d004e9592bb9bd029d5a1d8719d9e205aa5aade8","channel":"SMS","deliveryId":"ef51eb1e-dac2-5855-813e-420445e3423f","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"28d13d83-2896-5306-916d-ea8e4101bcf1","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"+PbtLWNe5nYQol8S3Mn80ONqRd2Ur+LWNBNGhspZOnlveyYtt9F1IOmYCGqr51DcQaHbja9bGyFEnIpjGqRDj6Itj58F0MeyEkN9HdLx/7c3RayB/3l/rW1+5dJENd/bi5G99K12YkVoh4xS6gA34Cw/0R7ocCQx","keyId":"2897be05-3083-497d-8655-e48ff5e40fd1"},"recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","tenantName":"YourTenantName","variables":{"data":"wD91I1BrXeuNMYDjj+tHaxUChGF36tQYM6oU7ZOcM+FuhM3FNEiK+k1GEyk6qRwsEmWdbJr3dhdBlcLVUUlVQL3B9dCIalWa+vOMMtNPBDe0zpss4UvEWljsqCW+h9Y=","keyId":"2897be05-3083-497d-8655-e48ff5e40fd1"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	55	01a22daa-6887-76b8-b988-f7b3f03e2905	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.327393+00	\\x264da46aed36b95b3351d5e0833d25537a6ebf3c54313f403e258914d538542d
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.303786Z","channel":"SMS","content":{"data":"v9is6gXcnWcYoPfElk57oo9jlRvBMmpYDaM/1Gl2TjCGkSgTjp7DjPCIuJMF8DcIfrtmCYLnmCuRYz5U","keyId":"bb65563f-353b-4e7f-9f56-f2a39333de7a"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6857-787e-93c1-3ee33d8420f7","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	56	01a22daa-688f-70fb-b764-d7cf7644eb8e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.335237+00	\\x8629b01e0ef204b6254d58f2c0f6088dd94abfca6fc90e89dc8da75109214f22
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.303788Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"6089f0fe-f3aa-5c0e-8b5f-7869d8388af2","expiresAt":"2026-11-30T18:14:42.303788Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6857-787e-93c1-3ee33d8420f7","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	57	01a22daa-688f-7d38-bfa1-61ae137fba94	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.335237+00	\\x0d35bb58d80a43183952ca45c649cafb5407fc835ef029a6bfa3b0f4c38e59f0
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.338152Z","attempt":1,"channel":"SMS","deliveryId":"27be6211-a002-51d9-9ef2-c877e200b677","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"27be6211-a002-51d9-9ef2-c877e200b677"}}	{"actor":"engine:dispatch","causation":"01a22daa-687c-717a-a722-35473c12e49e","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	58	01a22daa-6892-7791-b78c-f929cc498305	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.3382+00	\\x3ac7021ebea6bb2f4743fa5d2190dfdf26c1c4428b348611ba57ccf8bf2ca74c
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.319167Z","channel":"SMS","content":{"data":"cBjEiRH7Vrpzojzl1ijuAkJEufjzGhQ5CF9Xk0AZzeYtuuDckuDyclAXTKybBO9C/yq9/2mkXD6QArdU","keyId":"887645a6-0a5f-49a1-a362-b9617f5598dd"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6864-79de-a2f2-371c065fb5ce","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	59	01a22daa-6894-7ec1-8c3a-5c65f1ab5d56	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.340926+00	\\x6622d0d9cb06387e04e86c43a96797546489031123049961b5e461810cd79635
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.319169Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"0abf55f0-28b5-5f7b-b712-ba472ed038ba","expiresAt":"2026-11-30T18:14:42.319169Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6864-79de-a2f2-371c065fb5ce","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	60	01a22daa-6894-7511-8b0d-c5ba34d2b845	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.340926+00	\\x33f181f9aee8fdf2aacc0e90e1ff34760ca339440285c42c6052efce9933490b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/97367ea8-c145-5ca3-8a70-f9020952118a	10	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"answer":{"data":"Kk1rnpQgT+Gd0Iso8pQSAbabNi/e2Ztph/kF7CCCct28xQ==","keyId":"7561c48f-dad0-4add-9574-de7b96300196"},"at":"2026-11-30T18:14:32.346569Z","attempt":1,"channel":"EMAIL","deliveryId":"6c2848bc-8dc1-5cca-aba0-51749db18e2a","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp","providerMessageId":"<6c2848bc-8dc1-5cca-aba0-51749db18e2a@deliveries.orqestra>"}}	{"actor":"engine:dispatch","causation":"01a22daa-684f-737c-a652-6b05a4ee25ed","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c","requestId":"01a22daa-6840-778b-ac4f-e507380a2942"}	61	01a22daa-689a-7424-aef2-2fbeab029d07	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.346651+00	\\x7ed00d86067243604ec3ee332a0a0f0303b52d91365f2047af1804344e67bdbc
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.387058Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"28d13d83-2896-5306-916d-ea8e4101bcf1","expiresAt":"2026-11-30T18:14:32.387058Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6887-76b8-b988-f7b3f03e2905","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	70	01a22daa-68c3-720c-9d3c-4d8d29e06342	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.387084+00	\\x92f44621bcf40a2d459ec3ead95abc28d9ebe71f4513ce8ed7edddb38cb9db10
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:32.353586Z","eventType":"order.confirmed","fingerprint":"3a634c84b7a82ce4cdd1f72aaae35f13939802dcd471a0cfa1737d70a27b0154","plan":[{"addressRef":"1c5106f29ab040328dedc4c088741beacf7f029f01cf2f9274d43bda379e7cb6","channel":"EMAIL","deliveryId":"f4d7324f-c37d-5609-a2ac-7f43e8f5610e","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"dcf4338bf12cb960d39acf80b22cbc62b154e0d108601e47034077ee89c3c35b","channel":"SMS","deliveryId":"e88acbdc-9365-5c6c-b5d3-5e27a661c0de","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"3c4418a4-02ab-59a1-988a-3bb8221abc9d","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"SX/FhXsWVwdVJ7M8wSVjwY7G93A6LujY2Kq/s3R5uZgr9eugR1G/HvzVzeFZ1RV94NTrDDPFOEY8Ge+6jkDk3FvMJqYpiF5ovNLIrKsmQx8D4un8IdB/wULvgFl1jILfE3Rm3WqpEXFCyd6t0CHeZ8Stn6lUnb86","keyId":"fa1a0f55-1f42-45ee-a90b-4b684c769e79"},"recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","tenantName":"YourTenantName","variables":{"data":"Jqiwg13qtq8tnFS5XLV5JKtFAMKgmadfBL/PLlNRl4DJEMbHFSq3OTOVrjsnbDSsdMjetaNJ4S25O0QKVSLup2bA1mtOQ7DN0JpSBiBGfeUQHYYyWB7K2oAu+nP0qOQ=","keyId":"fa1a0f55-1f42-45ee-a90b-4b684c769e79"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	62	01a22daa-68a1-788d-8859-4ac934d9bc45	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.353662+00	\\xd70d042335dbe787a2a0d2ebe915049076f3abf12c3bec6fa49c9708a42d80ac
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.366989Z","attempt":1,"channel":"SMS","deliveryId":"6089f0fe-f3aa-5c0e-8b5f-7869d8388af2","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"6089f0fe-f3aa-5c0e-8b5f-7869d8388af2"}}	{"actor":"engine:dispatch","causation":"01a22daa-688f-7d38-bfa1-61ae137fba94","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	63	01a22daa-68af-7d58-aa5c-97ccd9fe2880	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.367035+00	\\x858c1cf16d36b0c738a9dfcccd2b51e4cd3bd3d863fdc22338588f6e7e6430f3
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.367303Z","category":"orders","channel":"PUSH","content":{"data":"SgZgkEisSX7tGRLJk75vE3n3gu2f27TNPCslxk9r+skBn5Y30hV9W7tNwuI5fCMWE4bSDuMnjegToY1wg4uRrp3CyGPm0BOUcvK493lu7tuA7QFuw+RX0az8bDyNnQXvEpLdUDM=","keyId":"810c6282-d249-492e-b622-590cd343491a"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6873-791c-9548-866c34522354","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	64	01a22daa-68af-7ba2-a270-c13778ec1fa5	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.367337+00	\\x6322ab6a9d49d1b84165840e63413f78491a1b604d52f316885863456d1139ec
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.367305Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"4f830816-bf4d-5e9b-a84f-03770b3e97ff","expiresAt":"2026-11-30T18:14:32.367305Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6873-791c-9548-866c34522354","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	65	01a22daa-68af-74d6-8231-caa37ddc0b3e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.367337+00	\\x0fb82c9d029b92a8e448c18556cefb509a831d9d16485ad3ecb674032a9fcdf3
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.367305Z","attempt":1,"channel":"PUSH","deliveryId":"4f830816-bf4d-5e9b-a84f-03770b3e97ff","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-68af-74d6-8231-caa37ddc0b3e","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	66	01a22daa-68af-7d66-9c32-f77206bbf9b9	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.367337+00	\\x176b296398d128e590cc84f831226aaa7e1bbfe40b7123e030ee1c6b294785aa
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.380818Z","attempt":1,"channel":"SMS","deliveryId":"0abf55f0-28b5-5f7b-b712-ba472ed038ba","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"0abf55f0-28b5-5f7b-b712-ba472ed038ba"}}	{"actor":"engine:dispatch","causation":"01a22daa-6894-7511-8b0d-c5ba34d2b845","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	67	01a22daa-68bc-7920-80cd-8a6630c107e9	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.380871+00	\\x90c7db0e143534cd7dc8f2909fd7fc35c44a44140911df671515d111c2f7ba72
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	10	AttemptFailed	1.1.0	{"AttemptFailed":{"answer":{"data":"89xJDZhQiEnfk0C48Sp7+scMqM923deUABIOWzxM1HZGo9NDaMzleeRO1A==","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"},"at":"2026-11-30T18:14:32.386881Z","attempt":1,"cause":"smtp_451","channel":"EMAIL","class":"retryable","deliveryId":"85f18856-8c44-556e-b08d-c4cecf8718c9","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","nextDue":"2026-11-30T18:14:32.719041Z","provider":"smtp","scope":"message"}}	{"actor":"engine:dispatch","causation":"01a22daa-686f-7ea9-8174-539bdfdc1d0c","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	68	01a22daa-68c2-7e00-ad90-7f6e57425716	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.38694+00	\\x63565327bdeb5907608231c300754c9c8a783a9179996ca7358c46028bcb0496
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.387056Z","category":"orders","channel":"PUSH","content":{"data":"dUZqgs2VY8St314I2nilaG/pra+IjYQWxaymo0pQdx9jR9KpgGcFxC+Xh1fAmE7HelyIIJ8KqSZOUGuTJuylBgUMYpGXdgGJaUqQ18L11LKK3HQsphasDSAT/zjEU3oGcW0ky4s=","keyId":"2897be05-3083-497d-8655-e48ff5e40fd1"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6887-76b8-b988-f7b3f03e2905","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	69	01a22daa-68c3-7136-ac7d-d775ec8335e5	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.387084+00	\\xe2bb5ea8445218ddefeebfb3f9556f69c59f91dc174212226ab770387d069e9d
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.387058Z","attempt":1,"channel":"PUSH","deliveryId":"28d13d83-2896-5306-916d-ea8e4101bcf1","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-68c3-720c-9d3c-4d8d29e06342","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	71	01a22daa-68c3-78e2-8e65-51cc74a60fd4	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.387084+00	\\xcfeabf56b184e2df162ab251394cc1e6fc5fc0bb38ebbe87768bee83011e0b95
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.367419Z","channel":"EMAIL","content":{"data":"CkUUt258rgUbI+U5SZywQSzyYNsdYgxT1MQZI10tGBUv9K/AgpcT4qP/FDRDH2tLcU8BHVoA7Ha4YdCZAvHOlSNSkXfpm02Ov5uHBMsg7km8/0Fv2IdXil5ANyyGjQXQzq1LmqgKbt5oIc6d6S+FWbBuFpUEkpOhudsInVI+IZCkyypz7d2HItye+Jh6MvmE+WL9rtDx1PQdRaXybVOcVxRUnx8VvBroSuE0j6/cWTw/XeN9UJdY4ibisYWJZbZU40R8MzaXEpK3fZi1HoskJUDRNVXD78sHkGhGG68AoRcLwwwN0/15CXHHSDEU80Q=","keyId":"810c6282-d249-492e-b622-590cd343491a"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6873-791c-9548-866c34522354","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	72	01a22daa-68cf-79a7-8e30-8a7432abe009	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.399789+00	\\x87a030eaa240fd4ad29f7cc3a4665b989db4d4394c7e454698410b38589935dc
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.367433Z","attempt":1,"channel":"EMAIL","deliveryId":"58ce0a61-89eb-512c-8a7f-69178a3a9571","expiresAt":"2026-11-30T18:14:42.367433Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6873-791c-9548-866c34522354","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	73	01a22daa-68cf-74d0-a0c9-afdcf96bd7eb	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.399789+00	\\x8fa4c5015d722fcf1c0c6a64e82e5d0b3cdbc82f0733a19c874c2ab3ad230292
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.415063Z","category":"orders","channel":"PUSH","content":{"data":"1wG71ZkxSj/EAGA4W8mwFFQ6VhZASgMtQ4+9wUJyy3lgwSaYv6CwyHZSlgDDAsBXp5rpm+i/zP3Oka1R9cfi9DHcPAmELroSv3Xa8QJacB0fMszBihXGBZ7wFLXm7cJ5W/eAjsg=","keyId":"fa1a0f55-1f42-45ee-a90b-4b684c769e79"}}}	{"actor":"engine:dispatch","causation":"01a22daa-68a1-788d-8859-4ac934d9bc45","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	74	01a22daa-68df-72f9-b1a2-0e321b1db4f0	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.415114+00	\\xe20a2828d652871471d0912f465de438e06e9ef8ed95e8c4279245ac8c19b015
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.415064Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"3c4418a4-02ab-59a1-988a-3bb8221abc9d","expiresAt":"2026-11-30T18:14:32.415064Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-68a1-788d-8859-4ac934d9bc45","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	75	01a22daa-68df-780f-bdc2-7e8a9bb07343	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.415114+00	\\x66b53d4a31d2f92c39589f2f6f3a8feb9ae68e0132d5f9ec6a13c771cae301bd
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.415064Z","attempt":1,"channel":"PUSH","deliveryId":"3c4418a4-02ab-59a1-988a-3bb8221abc9d","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-68df-780f-bdc2-7e8a9bb07343","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	76	01a22daa-68df-765d-b7cb-c8c30408624d	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.415114+00	\\x6d9e6e9415b0fa9994d510550a8e38d2612cb0f20b256329148215ae6455d20b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	10	AttemptFailed	1.1.0	{"AttemptFailed":{"answer":{"data":"dQ9NFR69fx3kkBnyeUmPobkNtNK/MwbgcVSlrlzZc99Z7VGLfs+ptpq+k8A0J6Cw9ly1dhOyiWqxBFw9bmVomlW7Y+KufHxlRmk=","keyId":"bb65563f-353b-4e7f-9f56-f2a39333de7a"},"at":"2026-11-30T18:14:32.386964Z","attempt":1,"cause":"smtp_550","channel":"EMAIL","class":"permanent","deliveryId":"49ca1b96-faa9-5ffe-bfac-6dbdd1f307d6","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp","scope":"message"}}	{"actor":"engine:dispatch","causation":"01a22daa-6882-796c-be96-95113fc8e32a","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	77	01a22daa-68cf-786f-bb99-1579144d203b	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.399873+00	\\xbaab4aa845b82379648328f512b63beb669f933614c5834fe592f7aef058bb9b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/7e19579b-b9c5-57b9-9f77-717852dbe0fd	11	DeliveryAbandoned	1.0.0	{"DeliveryAbandoned":{"at":"2026-11-30T18:14:32.386964Z","attempts":1,"cause":"smtp_550","channel":"EMAIL"}}	{"actor":"engine:dispatch","causation":"01a22daa-68cf-786f-bb99-1579144d203b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329","requestId":"01a22daa-6856-7b6e-8dfc-520c71f17987"}	78	01a22daa-68cf-7b3a-b1ef-027b331cf93e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.399873+00	\\xe420f2bffa7ad4fbff6735e32b1c7957aa1a13ac39b069b2d255dd8ec3756c13
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.387142Z","channel":"EMAIL","content":{"data":"1mbD98vQ2OQDy6/LRobHGbmhSHUyeaXPIqa7Kn/H7ys41R9kP7LPYjZuFvqEf0UO7q91IcKCYYK1621p41rUi/O2cy+ZN0ba5GoAcZwXYpKJihWUW4FbE2uh2emp4Law2d6c8QHfze8OYby8YlXAkFKZG4JxLvk9XxGEYZ4W6asDkHztTs3ualuvIaPnsxNLEKYUdLI3uRNVYJcEywY55cBW2LuE17tcDdQzVHfqP8TTyOY2zPp9l6zEwFQGhH9wRClo0HVOnQyCq7uS7BNoTsivlgZenovvtpTYuJw0e1Y9rCdnPKZ+vfK9lcoMkTs=","keyId":"2897be05-3083-497d-8655-e48ff5e40fd1"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6887-76b8-b988-f7b3f03e2905","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	79	01a22daa-68e3-780c-98ea-e68cfa949370	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.41931+00	\\xab08167eb2fafeb8d518ac0f85f2bdfb1a5c06521c1b9798b69b0910226d2986
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.387155Z","attempt":1,"channel":"EMAIL","deliveryId":"49c8e0f9-e4bb-5cf1-8f94-4184fc661ed1","expiresAt":"2026-11-30T18:14:42.387155Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6887-76b8-b988-f7b3f03e2905","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	80	01a22daa-68e3-7355-8750-b58fb89fa8f5	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.41931+00	\\xb73a05361306c288e7a248e2bea5399f4468e27d7a760372308611f3ecf584e5
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	10	AttemptOutcomeUnknown	1.2.0	{"AttemptOutcomeUnknown":{"at":"2026-11-30T18:14:32.407292Z","attempt":1,"cause":"smtp_connection_lost","channel":"EMAIL","deliveryId":"90dbf127-da02-59af-a93b-c50cc45ac6a1","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","possibleDuplicate":true,"provider":"smtp","resendDue":"2026-11-30T18:14:32.407292Z"}}	{"actor":"engine:dispatch","causation":"01a22daa-6884-7a88-b7d6-4c143d3cfb64","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	81	01a22daa-68e3-7336-85fb-7c898aa4421f	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.419404+00	\\xf33a1a88c7d863a58e6b924bd3e942f13f1a67620fe624fb7099f2ab9753ac7e
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.367447Z","channel":"SMS","content":{"data":"BSi6MTM20ffIW3IFyxiNcWjniCIOxXK1pdvKREUTekwUEieRz12BIrzrEvDObbDM8+u8DdBVWsPaeCr2","keyId":"810c6282-d249-492e-b622-590cd343491a"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6873-791c-9548-866c34522354","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	82	01a22daa-68ed-7bd7-bbf2-d8fd643636ef	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.429421+00	\\xbc8710ab527411c89c2d8f205373605ef9422047cfdb5af467c09650e419f382
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.367448Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"f57e47de-053e-5b41-b037-f5fad1c9248f","expiresAt":"2026-11-30T18:14:42.367448Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6873-791c-9548-866c34522354","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	83	01a22daa-68ed-781a-a299-0b1d2ea98b7d	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.429421+00	\\x85eaf4e1aa755f46e6af78144a7d9bfa092bf53df14caeba55a9ba11d66286a1
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.415184Z","channel":"EMAIL","content":{"data":"psvg6PfEn1UpCqxXDxMcVnEwqQBTuFJ7/vAss/dYXcwe4z3AP32ZGdk0NFK50jaa02ocKcqI2QhdnIQmq8/Tva2PU6kB+YE67tNNzHtwGfEQTvtzizXoVw391UlXmGO+6R4+mHaUmu+8Qkk9L3QPUVflOBcx/cFq3/DNaUA0dmyVdePRFbFdzjEXL/49P1ofhZT73Xq8+eFmTcpciS29b7oV2Kfpi9EMPC9dC54CmBQUVvlIA/9pfs0OdocNPPZDl7KEuFhQuMQHM8/MphZE+wVUMI2T5oL/s6V8A1lBuS0nSOFCjDtvMDv4z8G86jg=","keyId":"fa1a0f55-1f42-45ee-a90b-4b684c769e79"}}}	{"actor":"engine:dispatch","causation":"01a22daa-68a1-788d-8859-4ac934d9bc45","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	84	01a22daa-68ed-790e-b47f-586247cbc8a4	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.429458+00	\\x5aaf576ebdac6502ee4db4e3359c2993b1eea80a6cb9d57743879c705f4792db
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.415198Z","attempt":1,"channel":"EMAIL","deliveryId":"f4d7324f-c37d-5609-a2ac-7f43e8f5610e","expiresAt":"2026-11-30T18:14:42.415198Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-68a1-788d-8859-4ac934d9bc45","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	85	01a22daa-68ed-7059-89a6-ac9bd69fa58a	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.429458+00	\\x8bc89c66f2b81c7c4125d516b2435e6bb28ecb251a3d291e478362a46036ced5
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.387170Z","channel":"SMS","content":{"data":"8oJJUvDKHFqqV6Y7G0e2yzAbaJqIy840qvlSP6aTHxF3teIDPAQJ9Ua5HKk3CXsE9Dv8u3yg2KQSZnsN","keyId":"2897be05-3083-497d-8655-e48ff5e40fd1"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6887-76b8-b988-f7b3f03e2905","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	86	01a22daa-68f6-7e56-b120-225f80e8b5db	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.438048+00	\\x792f1bba55080271e7ad461aa13de84287b3ce743252254c2ae68d161d4b5aaf
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.387172Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"ef51eb1e-dac2-5855-813e-420445e3423f","expiresAt":"2026-11-30T18:14:42.387172Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6887-76b8-b988-f7b3f03e2905","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	87	01a22daa-68f6-7d09-b244-e4848ebbd21e	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.438048+00	\\xd3374c01a945db8e96b5c4061bd74b6a1753f57e9c107a5e27f0aa2d58a6bf92
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:32.415211Z","channel":"SMS","content":{"data":"ajwYi8b1c70WodXUhYXVeYvK/bp/OhnNiPhcOnqcDaP7GFAi61aDFOv1MF0oRGHoMQiOf7MPUUL+ndw1","keyId":"fa1a0f55-1f42-45ee-a90b-4b684c769e79"}}}	{"actor":"engine:dispatch","causation":"01a22daa-68a1-788d-8859-4ac934d9bc45","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	88	01a22daa-6900-736e-a61e-663bfea61c0d	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.448485+00	\\x0fd3834477559157db13b0da63b7da1f26fc43a4384f9800c97565dea9b123e0
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.415213Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"e88acbdc-9365-5c6c-b5d3-5e27a661c0de","expiresAt":"2026-11-30T18:14:42.415213Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-68a1-788d-8859-4ac934d9bc45","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	89	01a22daa-6900-7735-9d02-9818792f5907	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.448485+00	\\xda95419a7b14ef70de30b6aba440e23ea5a764c70258c8d9f08253117a9ca0e7
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	11	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.453137Z","attempt":2,"channel":"EMAIL","deliveryId":"90dbf127-da02-59af-a93b-c50cc45ac6a1","expiresAt":"2026-11-30T18:14:42.453137Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","possibleDuplicate":true,"provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-68e3-7336-85fb-7c898aa4421f","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	90	01a22daa-6905-730d-b7d2-c932a100eb00	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.453172+00	\\xb2903a234dd1c22c97b6f79be83046dba596f785e8a777fde59ba22d887702bc
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.465076Z","attempt":1,"channel":"SMS","deliveryId":"f57e47de-053e-5b41-b037-f5fad1c9248f","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"f57e47de-053e-5b41-b037-f5fad1c9248f"}}	{"actor":"engine:dispatch","causation":"01a22daa-68ed-781a-a299-0b1d2ea98b7d","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	91	01a22daa-6911-7c28-87c7-1dd9ccd15dd0	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.465116+00	\\xf92b21a929070f598d1403792626e8c441fc085e19792e9bdded9a8368d4758b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.485051Z","attempt":1,"channel":"SMS","deliveryId":"ef51eb1e-dac2-5855-813e-420445e3423f","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"ef51eb1e-dac2-5855-813e-420445e3423f"}}	{"actor":"engine:dispatch","causation":"01a22daa-68f6-7d09-b244-e4848ebbd21e","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	92	01a22daa-6925-7ff3-aa37-9d988dea5640	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.485095+00	\\xcf6a770bcc13dbc8f0c4340620d3423773c55661a7a5d9c69a3a80cf3e32adae
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	10	AttemptOutcomeUnknown	1.2.0	{"AttemptOutcomeUnknown":{"at":"2026-11-30T18:14:32.485372Z","attempt":1,"cause":"smtp_connection_lost","channel":"EMAIL","deliveryId":"58ce0a61-89eb-512c-8a7f-69178a3a9571","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","possibleDuplicate":true,"provider":"smtp","resendDue":"2026-11-30T18:14:32.485372Z"}}	{"actor":"engine:dispatch","causation":"01a22daa-68cf-74d0-a0c9-afdcf96bd7eb","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	93	01a22daa-6925-7e25-9302-de5ac374594b	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.485389+00	\\xa6d99440a5b92e733288fcb66acd125d55d556ec3c7f0e4b4c6660c20013b877
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:32.491359Z","attempt":1,"channel":"SMS","deliveryId":"e88acbdc-9365-5c6c-b5d3-5e27a661c0de","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"e88acbdc-9365-5c6c-b5d3-5e27a661c0de"}}	{"actor":"engine:dispatch","causation":"01a22daa-6900-7735-9d02-9818792f5907","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	94	01a22daa-692b-7af0-ad58-8e6d8f64cb56	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.491398+00	\\xdbcac607bd450e6a3240648a634ef29d8af365c97d7f0f3bf0da1174f6d1c1f2
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	10	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"answer":{"data":"NSsqDbPZNcUhPw6as1HpVy9NxouNd1wjLFqkAaldzmasBA==","keyId":"2897be05-3083-497d-8655-e48ff5e40fd1"},"at":"2026-11-30T18:14:32.499847Z","attempt":1,"channel":"EMAIL","deliveryId":"49c8e0f9-e4bb-5cf1-8f94-4184fc661ed1","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp","providerMessageId":"<49c8e0f9-e4bb-5cf1-8f94-4184fc661ed1@deliveries.orqestra>"}}	{"actor":"engine:dispatch","causation":"01a22daa-68e3-7355-8750-b58fb89fa8f5","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6887-7fa4-b033-4cce83c90eaa"}	95	01a22daa-6933-7b72-9a7c-99fd18cb88dd	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.499892+00	\\x2726f20b80450e50dfc3a126c02c0f766bc1732e769e9db62f0a5d25cdd71816
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	11	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.522852Z","attempt":2,"channel":"EMAIL","deliveryId":"58ce0a61-89eb-512c-8a7f-69178a3a9571","expiresAt":"2026-11-30T18:14:42.522852Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","possibleDuplicate":true,"provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6925-7e25-9302-de5ac374594b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	96	01a22daa-694a-75fe-94e9-f46fd326d256	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.522895+00	\\xdd55d2cc02079fcc8e049a928f170671241822b27aec8e5b14aad942948f3eb6
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	10	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"answer":{"data":"4iPRCJ7qwL1fuTgoe1t7lEzfj7VVBqXJBS+pJHPACeeCFw==","keyId":"fa1a0f55-1f42-45ee-a90b-4b684c769e79"},"at":"2026-11-30T18:14:32.527274Z","attempt":1,"channel":"EMAIL","deliveryId":"f4d7324f-c37d-5609-a2ac-7f43e8f5610e","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp","providerMessageId":"<f4d7324f-c37d-5609-a2ac-7f43e8f5610e@deliveries.orqestra>"}}	{"actor":"engine:dispatch","causation":"01a22daa-68ed-7059-89a6-ac9bd69fa58a","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-68a1-7582-b9d6-fddfb9c4191b"}	97	01a22daa-694f-7957-a380-c4e7d0daea81	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.527322+00	\\xd5dc3412bcbf0f33fd81a6dfee6e7b8479eaffd067f583577ec215a0487930f7
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/0ee186f0-8016-57c5-9e38-880a22039c49	12	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"answer":{"data":"VVFTB9XKoRcbyA7gGniuldkATzMJDhMUsteZFX5SlFRhqA==","keyId":"887645a6-0a5f-49a1-a362-b9617f5598dd"},"at":"2026-11-30T18:14:32.540019Z","attempt":2,"channel":"EMAIL","deliveryId":"90dbf127-da02-59af-a93b-c50cc45ac6a1","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp","providerMessageId":"<90dbf127-da02-59af-a93b-c50cc45ac6a1@deliveries.orqestra>"}}	{"actor":"engine:dispatch","causation":"01a22daa-6905-730d-b7d2-c932a100eb00","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82","requestId":"01a22daa-6864-7c68-9b50-dd054ebc1c5c"}	98	01a22daa-695c-77e0-9ed3-818c6b7072c0	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.540071+00	\\x49edf1227ab2c0e0f9f18b7475fb29d067716e5af235111a6cc537f1d4d417ca
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/ac25075d-a54b-5678-9882-343b2e3c3efc	12	AttemptOutcomeUnknown	1.2.0	{"AttemptOutcomeUnknown":{"at":"2026-11-30T18:14:32.556294Z","attempt":2,"cause":"smtp_connection_lost","channel":"EMAIL","deliveryId":"58ce0a61-89eb-512c-8a7f-69178a3a9571","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-694a-75fe-94e9-f46fd326d256","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca","requestId":"01a22daa-6873-73d3-889b-5f18b79449c2"}	99	01a22daa-696c-780e-a71e-825636d55cdc	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.556342+00	\\xc0526ea044e2d139de0973840409c46282a84c18497d08612c3a29a5998a4499
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	11	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:32.873387Z","attempt":2,"channel":"EMAIL","deliveryId":"85f18856-8c44-556e-b08d-c4cecf8718c9","expiresAt":"2026-11-30T18:14:42.873387Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-68c2-7e00-ad90-7f6e57425716","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	100	01a22daa-6aa9-7c22-8ee4-16bb6cb2f535	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.873431+00	\\xd2c7fcc0699f382bd52f055f744772864a57ce4cfd7163dae32e21075c5cb5ca
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/c8ef7e17-3162-50b9-9944-177ce5135a1b	12	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"answer":{"data":"Yvdy82fBsmJ5SHkyVe5QY0HjcROj58Bfpl57PCwef9+ACg==","keyId":"3bbee600-0c73-4fe8-a126-44e19e938811"},"at":"2026-11-30T18:14:32.887873Z","attempt":2,"channel":"EMAIL","deliveryId":"85f18856-8c44-556e-b08d-c4cecf8718c9","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp","providerMessageId":"<85f18856-8c44-556e-b08d-c4cecf8718c9@deliveries.orqestra>"}}	{"actor":"engine:dispatch","causation":"01a22daa-6aa9-7c22-8ee4-16bb6cb2f535","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5","requestId":"01a22daa-684d-73d2-ba9a-0566fe524cf0"}	101	01a22daa-6ab7-741b-a23f-53c40343e53d	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:32.887936+00	\\x176508ff951924dc1f36e642dfa3db9e11c7b02c84a3ddcad596afe57f20f761
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/8df2c287-f4d0-5506-b856-e108cb580076	11	NotificationRead	1.0.0	{"NotificationRead":{"at":"2026-11-30T18:14:33.101074Z"}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6625-7494-be8a-dd867951a103","program":"orqestra/0.1.0+shapes.7","recipientRef":"ef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10","requestId":"01a22daa-6b8d-7844-84ed-776ac6b17763"}	102	01a22daa-6b8d-76d0-a8e2-218fc578c25f	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.101109+00	\\x8dc067985ccb2d062364ad79b5558b8493212468deaf3057ca7130227bf273f5
Recipient	027c636d-4da8-5da2-8479-4a45e38b871e/b079debd-fc1a-5c80-9d80-4a2f4cbdef94	1	RecipientForgotten	1.0.0	{"RecipientForgotten":{"at":"2026-11-30T18:14:33.209157Z","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401"}}	{"actor":"engine:test","process":"01a22daa-6bf8-70ca-823a-967d170f7665","program":"orqestra/0.1.0+shapes.7","recipientRef":"8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401","requestId":"01a22daa-6c04-712c-aebd-9161dc529130"}	103	01a22daa-6c04-7189-bdbf-19cca1a91a41	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.220962+00	\\x4a601b3bb5ad6ba8d81d074042c46b8efda426d6017323328c3c49dae0fed71b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:33.492021Z","eventType":"order.confirmed","fingerprint":"fc5798af3a5d05e52e5b9723ff3f389c6bf3703dcb70f0d949a05b99dd1677a3","plan":[{"addressRef":"eaf737dcd388100a4b1ed259604af0ecee1d1797b830c63fcef11927d333f880","channel":"EMAIL","deliveryId":"f6f2e7a5-dd95-5dff-8fa8-ad3df8923e01","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"f87857afa580f23c7af56d9488925ffc68e6d638323b91bdd5e7d1e1507997f7","channel":"SMS","deliveryId":"bfd36ce7-c9a8-5e62-bd60-db9c56401fb9","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"2e435bb9-fbf6-5352-8e7e-2b469580836c","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"sVLUfow2BOj4/wGxjsYscR62qux5wY6MUVAuy4w0cJPEFmISFKJQKrJqvNlfwwmcIS7kgnvSxWHd+B6vXKVjYHAtVS6EMFGTii9TGdlR2zXK/TMrhceLBIisEAI3Er5/DU3ezms76LJXeDNBO0wdttG3iCy9Q2r4rSWhn2U=","keyId":"b414e755-05fa-4d86-8bf3-7546fbcc8893"},"recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","tenantName":"YourTenantName","variables":{"data":"qGL/bjTqOOAZLSC2Vj9q8gFZ2aNjJTIuChDo7ofexp0uFhZ57ZyheVTM1dWNuxTKp6BM3RvmJMHfHT0Rykuyct8Z5lmA8NA2Y560nbOhhpS1G8XZk50aAAxymS426c8=","keyId":"b414e755-05fa-4d86-8bf3-7546fbcc8893"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	104	01a22daa-6d14-7b9d-88ae-883a2f74482c	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.492107+00	\\xf9dab335278265571c4adea8bca93ce7442df77194a0068dc9a9c7836748a087
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	1	NotificationAccepted	2.2.0	{"NotificationAccepted":{"acceptedAt":"2026-11-30T18:14:33.528686Z","eventType":"order.confirmed","fingerprint":"33771d83b96b16c5a3974884081bf8cba9af2631c5a50f188601f7904d94a472","plan":[{"addressRef":"daf914e794cada398526c412d69ca0cb4128ba22d1015c4be11bcb3423a08b1a","channel":"EMAIL","deliveryId":"677d577a-b093-522c-a1da-261ce5c48e2d","outcome":{"state":"PLANNED","template":{"templateId":"36132aeb-ae57-5b64-bb39-7e9cdb665d08","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}},{"addressRef":"225663142467e4332d37433664760f77ed38284e893f6814cbd72c40c619cdc1","channel":"SMS","deliveryId":"cb034e23-8cf3-5a42-aa68-6c10128e9f2f","outcome":{"state":"PLANNED","template":{"templateId":"bec705de-aa9a-54a3-abef-2f151e3fedf9","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":2}}},{"channel":"PUSH","deliveryId":"6b2aacc5-86c3-5c35-be64-f6d6dcf93c74","outcome":{"state":"PLANNED","template":{"templateId":"1ce82c40-716c-588d-bd84-5a13f349ccdb","tenantId":"027c636d-4da8-5da2-8479-4a45e38b871e","version":1}}}],"recipient":{"data":"HTUXHRPpiFPfjH8e6pSORt009DkCktBv6/168ZRVzWdMC8WnlSnAXNHs82DruNzMk5HBd4mTuebLRLFQcSAb6K6m2IaVOOhSsnLOmZaEdczIgwDuVPUtkgLZntSufB7WYPOXnh0HAxUxJZrUkz4Y2a6ni+AjO7zmU60=","keyId":"552521ff-d7fa-46d6-ba75-ee1cfde81217"},"recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","tenantName":"YourTenantName","variables":{"data":"azxy2yvhX2GiBsC1oThVn7kouIinZqVLPL/EBZdUk1VFG1ClMrjAtl5dLbqAVxbyFpXqYQc0IA9UrkdeCu3ZaRsGAqdGkAB+yptnNMo4bnXE6fNs5HtsT07Tw9qpUXc=","keyId":"552521ff-d7fa-46d6-ba75-ee1cfde81217"}}}	{"actor":"api-key:01a22daa-6667-7a15-aa77-3e2b3917950b","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	105	01a22daa-6d38-78d4-81e4-075825d369c3	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.528761+00	\\x32f9e788b8e2693d7cc90142c03b1226550302453c0ebe0fd9840667448c634b
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:33.563682Z","category":"orders","channel":"PUSH","content":{"data":"JOAyAR2pOUshn9w4Kvu8aYIlo1digkNluK6QeHqa/KvOuoJSBl/7t0sg5n9nsdTPfKLiYy/Ps47XekXcSNagX110URmNDWQT3zt5B+RKS7SbeZjNVJpO7W09PG0hY/mMZGxaQ3M=","keyId":"b414e755-05fa-4d86-8bf3-7546fbcc8893"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6d14-7b9d-88ae-883a2f74482c","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	106	01a22daa-6d5b-7b18-8ffa-d728dd7cd1b5	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.563737+00	\\xfd2f6c74f1ac9605efcfa11d3956bd423f086e8a9ac5a17decaf41e5daa37f45
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:33.563685Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"2e435bb9-fbf6-5352-8e7e-2b469580836c","expiresAt":"2026-11-30T18:14:33.563685Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d14-7b9d-88ae-883a2f74482c","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	107	01a22daa-6d5b-7e35-8f6e-d5b0366e2b07	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.563737+00	\\x2b5619f079701040352c6917811294a61a662fa717e7f0cf089dbaabecb33223
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	4	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:33.563685Z","attempt":1,"channel":"PUSH","deliveryId":"2e435bb9-fbf6-5352-8e7e-2b469580836c","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d5b-7e35-8f6e-d5b0366e2b07","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	108	01a22daa-6d5b-70d9-89de-870eca990820	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.563737+00	\\xefc21382d921b43f69319a15ab35007041d5907c4b31c6959693f77bd24debab
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:33.563871Z","channel":"EMAIL","content":{"data":"NQQvrqSDtXCs2Ey3oGu1HJH4tMiWnIEUlut9sRPS5aws89Nl4dVSWXhjiyWLrf8EKMDcK7b6bTIS0AUNKqlQMDYFArHRG2kOvrRaPJ17zbS6+LD1irQXRzEOeMDN+bhpZ8k+gP98JDVpWura0TV3eG1shrGwWJC0t1B6VLpu075WXo/SUetbRgVwn/49/vje2/gnw5ACxt634RCzDz6PY03Ak5i1hjP+Qslq8DGVOmYSOLa8JMhUW8tt1JDOWlPYzkklxPuW07pUqNkbqM400p9RZzWo71Rp54FIcy0VD3ps0s5lHjGf9QaieuSUyoU=","keyId":"552521ff-d7fa-46d6-ba75-ee1cfde81217"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6d38-78d4-81e4-075825d369c3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	109	01a22daa-6d5b-7c6d-8c29-9ba6270f8b0c	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.563899+00	\\xc551822ca499231eadeaa2f7247494bf449ae1651131e9789b0a48cfc0eeeba0
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	3	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:33.563884Z","attempt":1,"channel":"EMAIL","deliveryId":"677d577a-b093-522c-a1da-261ce5c48e2d","expiresAt":"2026-11-30T18:14:43.563884Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d38-78d4-81e4-075825d369c3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	110	01a22daa-6d5b-7e4a-80b8-643dac3bc6e1	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.563899+00	\\x7c201a501629ae3509ce4b9023dc6912c5bf26f076f17523c380c483c0f33df8
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:33.563951Z","channel":"EMAIL","content":{"data":"8qIb3GXbJW2rWFTgRnrXXM77l9zLZwMWoar2rtnNz2jBvBOyWn1ZvekYYj3nENXkDReC5sw0kBX4bHkpS2pXxTV267BuUuXoFF4n/kCbL/aWd/Voa8LpFCykfUG74coBZZgHJwDEv2/rpMOw9Dg7ExAMzJU8dpUgCp2arsTvUETJWcDw3Hc268aw+EOsNa7oKUZiOCK4r5Zkk5k6hl4bHKmtQ2eMkPhyrCr30AkxrPYBtsycbSXtXSS2ulYvfs3wjvXDXT+WluuL9WaXspE1NbNnrsqNgq3IcO4O1nZy/Mb9BGRNROzx+dMZe7y6OZU=","keyId":"b414e755-05fa-4d86-8bf3-7546fbcc8893"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6d14-7b9d-88ae-883a2f74482c","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	111	01a22daa-6d63-7ad0-80f9-ccb47f1d4965	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.571879+00	\\x35ee540fb42f97ea99c70a006fff436ba12b4e62346c0b96437186749d9a4f82
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	6	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:33.563953Z","attempt":1,"channel":"EMAIL","deliveryId":"f6f2e7a5-dd95-5dff-8fa8-ad3df8923e01","expiresAt":"2026-11-30T18:14:43.563953Z","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","provider":"smtp"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d14-7b9d-88ae-883a2f74482c","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	112	01a22daa-6d63-762f-b2e2-72f04a996ad5	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.571879+00	\\x6361eca8a69496e6e86a0c3271a5fbd88387f33cda1b23a5cdc364c53363c555
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	4	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:33.563919Z","channel":"SMS","content":{"data":"0kgV1KRg1NHH0hLq0/Cng79UFvEkQnlBWWNfJW6FwtR7TV57bsmcDH1pGxLjp4SmcP53LlnnTyJbjvIk","keyId":"552521ff-d7fa-46d6-ba75-ee1cfde81217"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6d38-78d4-81e4-075825d369c3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	113	01a22daa-6d71-7991-938f-4f9576fadb48	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.585981+00	\\xaa6f6034df73a3d78ed7ac90031776ba2cc7168ee890af274bf984561745dc4a
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	5	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:33.563921Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"cb034e23-8cf3-5a42-aa68-6c10128e9f2f","expiresAt":"2026-11-30T18:14:43.563921Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d38-78d4-81e4-075825d369c3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	114	01a22daa-6d71-7dc1-8eae-d7ef70bd3f2d	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.585981+00	\\x18d08887233878f7027865284eaa22c146a0a0c8a1fb4ea0877821f117d90cc4
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:33.563966Z","channel":"SMS","content":{"data":"fbAK2fznhRGSEQ0eVZgUO5bYBP/0CB5SUeOnlKKpcTvSFGTWmXG1beTbhMKn4fqV5qURp+v0O27JM17z","keyId":"b414e755-05fa-4d86-8bf3-7546fbcc8893"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6d14-7b9d-88ae-883a2f74482c","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	115	01a22daa-6d77-78d2-b4c9-85b71b9d8bcd	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.591344+00	\\x807b7e0261e1b4041b57bcfedab34eca5f194e7308c4037dac5d02d17b07230a
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	8	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:33.563967Z","attempt":1,"channel":"SMS","dedup":{},"deliveryId":"bfd36ce7-c9a8-5e62-bd60-db9c56401fb9","expiresAt":"2026-11-30T18:14:43.563967Z","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d14-7b9d-88ae-883a2f74482c","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	116	01a22daa-6d77-7365-9d01-f4500ad3e568	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.591344+00	\\x569af1d53fca43649ac5e5151e5f322927b48ec4e76561bb8c279382cb68023a
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	6	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-30T18:14:33.563932Z","category":"orders","channel":"PUSH","content":{"data":"oMqZu6d7KHwYu/NxHD6M2Mi/7zyyqRk6VFDj4BRNLor3IeAzWA3q8pha+cMwd9JU1k+iFbs6qBXGi9wF8OVjJoD85KkQNnlvGzpVFSjC6GlOve9W7pDIUGS2StvKxPubQRrIAdg=","keyId":"552521ff-d7fa-46d6-ba75-ee1cfde81217"}}}	{"actor":"engine:dispatch","causation":"01a22daa-6d38-78d4-81e4-075825d369c3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	117	01a22daa-6d86-77ce-aa56-7dcf354e5100	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.606942+00	\\xcf95fddd9e2b92948957d387f89953e20249a08ad7bd9f017be89eac41cebc9c
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	7	AttemptStarted	1.1.0	{"AttemptStarted":{"at":"2026-11-30T18:14:33.563932Z","attempt":1,"channel":"PUSH","dedup":{},"deliveryId":"6b2aacc5-86c3-5c35-be64-f6d6dcf93c74","expiresAt":"2026-11-30T18:14:33.563932Z","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d38-78d4-81e4-075825d369c3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	118	01a22daa-6d86-7ba5-aad3-399a5dbb68f3	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.606942+00	\\xe833dca1da91b9b14981c55e6f4b2459958b71facc589b05f21edc733a8ed0e3
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	8	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:33.563932Z","attempt":1,"channel":"PUSH","deliveryId":"6b2aacc5-86c3-5c35-be64-f6d6dcf93c74","instance":"6f727165-7374-7261-8000-000000687562","provider":"hub"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d86-7ba5-aad3-399a5dbb68f3","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	119	01a22daa-6d86-798b-98e6-31a223375237	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.606942+00	\\xc66411959a82ef680144defd30ce407e4407b83620c0a0da2e151ac9ba2bdfa8
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	9	AttemptFailed	1.1.0	{"AttemptFailed":{"answer":{"data":"5J4/lzKHfMiZDoycoBH3uy94dizJkSUcah/+XkmJi0oNgyYpdI96uu/urQ==","keyId":"b414e755-05fa-4d86-8bf3-7546fbcc8893"},"at":"2026-11-30T18:14:33.613997Z","attempt":1,"cause":"smtp_451","channel":"EMAIL","class":"retryable","deliveryId":"f6f2e7a5-dd95-5dff-8fa8-ad3df8923e01","instance":"465418a5-a2f9-5420-b287-c9f07fd42cc6","nextDue":"2026-11-30T18:14:37.767997Z","provider":"smtp","scope":"message"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d63-762f-b2e2-72f04a996ad5","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	120	01a22daa-6d8e-7d4f-a798-a0a64d09289a	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.61405+00	\\xf4433c2e53a40675b88b5cbc235bcffef853700948c1fc7c9bfbb424f4c3fb45
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/4669b01e-ceea-5599-87bc-ccae71857413	9	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:33.631962Z","attempt":1,"channel":"SMS","deliveryId":"cb034e23-8cf3-5a42-aa68-6c10128e9f2f","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"cb034e23-8cf3-5a42-aa68-6c10128e9f2f"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d71-7dc1-8eae-d7ef70bd3f2d","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c","requestId":"01a22daa-6d38-785b-ace5-9a7f9b32de6f"}	121	01a22daa-6d9f-7721-a9bd-d94efe356ad8	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.632009+00	\\x53dacf18226aa60c863f46ea71683a4b0fb18992f6762a7798f553dbe5850c91
Notification	027c636d-4da8-5da2-8479-4a45e38b871e/9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	10	AttemptSucceeded	1.1.0	{"AttemptSucceeded":{"at":"2026-11-30T18:14:33.635346Z","attempt":1,"channel":"SMS","deliveryId":"bfd36ce7-c9a8-5e62-bd60-db9c56401fb9","instance":"6f727165-7374-7261-8000-73616e64626f","provider":"sandbox","providerMessageId":"bfd36ce7-c9a8-5e62-bd60-db9c56401fb9"}}	{"actor":"engine:dispatch","causation":"01a22daa-6d77-7365-9d01-f4500ad3e568","process":"01a22daa-6ce3-7889-a271-83082413fb82","program":"orqestra/0.1.0+shapes.7","recipientRef":"6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f","requestId":"01a22daa-6d13-74c2-b6c6-0da8daf06ff9"}	122	01a22daa-6da3-70e3-94f7-67f23778b599	027c636d-4da8-5da2-8479-4a45e38b871e	2026-11-30 18:14:33.635381+00	\\x422a1c7ed6ad489bba47202eca66df4d1e42c488138cdd464421d6cbf8b5add2
\.


--
-- Data for Name: expired_months; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.expired_months (tenant_id, month, expired_at, emptied_at) FROM stdin;
\.


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.idempotency_keys (tenant_id, key, notification_id, expires_at) FROM stdin;
6f727165-7374-7261-8000-6170696b6579	api-key:e0e5c80cff6a672c21be2aaab28308e3afecf1f136940ce0c1a129f88b9fd6e5	6f727165-7374-7261-8000-706c6174666d	9999-12-31 23:59:59+00
6f727165-7374-7261-8000-6170696b6579	api-key:7f4a34f6208c8d1328d27ab4d12e898cca143d0924f24f3bd6d3ff62bee96615	027c636d-4da8-5da2-8479-4a45e38b871e	9999-12-31 23:59:59+00
\.


--
-- Data for Name: inbox; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.inbox (tenant_id, notification_id, recipient_ref, delivery_id, event_type, category, content_key, content, status, accepted_at, rendered_at, read_at, "position", sequence, rendered_position) FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	\\x3416e97de57b3b294eb2aa4f11ad77923f448b74f0836a01801cde36ee0b811c	65d64055-b53b-5e88-bae9-ccbec98bf93f	order.confirmed	orders	7561c48f-dad0-4add-9574-de7b96300196	HmsAKifDHRvuEBprRkbBG5sqYK0UUlN7Qbw72I6Fx4b/YMVgbczcGn8HsFMQqX4YhOKUcVvaU+jvCAXwoLXUPDiQn0chZ6CNp5aqat+EK4PoO0KO5jlcaUh0wVdnSKucLpEdca4=	UNREAD	2026-11-30 18:14:32.256529+00	2026-11-30 18:14:32.266547+00	\N	25	2	26
027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	\\x20f334b544fbcfbc03b0d7a16c85afe6da605a438486190d7c9f18cd9d68e6b5	f6bad212-585d-5c9d-ab13-a7b30041cf22	order.confirmed	orders	3bbee600-0c73-4fe8-a126-44e19e938811	w+y4NusX6RxUU3mDK9c4WfyPINQ9uumCG4o1DbDaoSzjOAFisuO1EkWsJAH5bpL1ujSn8MDVJJrEj/2XD28T1j9rojk7EY3rlTy+UG5qU2RswIX3h68ndTOX/ojncwQKgAaA8qQ=	UNREAD	2026-11-30 18:14:32.269846+00	2026-11-30 18:14:32.291549+00	\N	29	2	35
027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	\\x3b1b90dcb8a0cc2964a9d8700ba4deb7a29c2d6ae5c47b2beee32384d8bc3d82	f60d44bc-0924-5068-b106-0c36768aa53c	order.confirmed	orders	887645a6-0a5f-49a1-a362-b9617f5598dd	UX8/BVCk+jQH+xp9Sz6CZ3Qs6pbbDyUq13MVgrIkcBCfLH/6dTIlpluPV1T+6nI1GTiG6Q44wDgpoQ73jyYhYg7Wgy1TAkryswu0GlAHpGw5moJgp10HSAcOf7A6XHI1UUqwQjM=	UNREAD	2026-11-30 18:14:32.292683+00	2026-11-30 18:14:32.31904+00	\N	38	2	47
027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	\\x346a48064d0824840c9b1efc51438ae6ffaab65bcba0615e8ca91b8b7a27c329	283cb010-4d18-5e30-80ff-4abfb1f879aa	order.confirmed	orders	bb65563f-353b-4e7f-9f56-f2a39333de7a	WT1OC18hbqppHzv7dvEAryyFEClnv6OPfMeJWh9wWQV291UazdsZZq7jA3FjTHH+BAsXYcusWa0baQ9BbpKK2/5D5mqSitXU5pf6W/Pyd+YffoyY/eyckxJH13OLp8z2RmPMNeA=	UNREAD	2026-11-30 18:14:32.278967+00	2026-11-30 18:14:32.303678+00	\N	32	2	41
027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	\\x81b03590cf861794c2932287f2c9eea7ed3ee6f7e80b3bdfa3ff86e3f0db6dca	4f830816-bf4d-5e9b-a84f-03770b3e97ff	order.confirmed	orders	810c6282-d249-492e-b622-590cd343491a	SgZgkEisSX7tGRLJk75vE3n3gu2f27TNPCslxk9r+skBn5Y30hV9W7tNwuI5fCMWE4bSDuMnjegToY1wg4uRrp3CyGPm0BOUcvK493lu7tuA7QFuw+RX0az8bDyNnQXvEpLdUDM=	UNREAD	2026-11-30 18:14:32.30739+00	2026-11-30 18:14:32.367303+00	\N	44	2	64
027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	\\xef8061594bb06bae95af847d41d274a86746f22ed8a2c7d45fcf4e2420ae3a10	28d13d83-2896-5306-916d-ea8e4101bcf1	order.confirmed	orders	2897be05-3083-497d-8655-e48ff5e40fd1	dUZqgs2VY8St314I2nilaG/pra+IjYQWxaymo0pQdx9jR9KpgGcFxC+Xh1fAmE7HelyIIJ8KqSZOUGuTJuylBgUMYpGXdgGJaUqQ18L11LKK3HQsphasDSAT/zjEU3oGcW0ky4s=	READ	2026-11-30 18:14:32.327339+00	2026-11-30 18:14:32.387056+00	2026-11-30 18:14:33.101074+00	55	11	69
027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	\\x6df5c1cb76ab6a50b6be514cad3caaa48b3fb208d90828f555797b48b501be1f	2e435bb9-fbf6-5352-8e7e-2b469580836c	order.confirmed	orders	b414e755-05fa-4d86-8bf3-7546fbcc8893	JOAyAR2pOUshn9w4Kvu8aYIlo1digkNluK6QeHqa/KvOuoJSBl/7t0sg5n9nsdTPfKLiYy/Ps47XekXcSNagX110URmNDWQT3zt5B+RKS7SbeZjNVJpO7W09PG0hY/mMZGxaQ3M=	UNREAD	2026-11-30 18:14:33.492021+00	2026-11-30 18:14:33.563682+00	\N	104	2	106
027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	\\x599debfc1456ac3351f57c1661c33f3a81bbbbf717b487b22fec73adbb9a377c	6b2aacc5-86c3-5c35-be64-f6d6dcf93c74	order.confirmed	orders	552521ff-d7fa-46d6-ba75-ee1cfde81217	oMqZu6d7KHwYu/NxHD6M2Mi/7zyyqRk6VFDj4BRNLor3IeAzWA3q8pha+cMwd9JU1k+iFbs6qBXGi9wF8OVjJoD85KkQNnlvGzpVFSjC6GlOve9W7pDIUGS2StvKxPubQRrIAdg=	UNREAD	2026-11-30 18:14:33.528686+00	2026-11-30 18:14:33.563932+00	\N	105	6	117
\.


--
-- Data for Name: inbox_forgotten; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.inbox_forgotten (tenant_id, recipient_ref, "position") FROM stdin;
027c636d-4da8-5da2-8479-4a45e38b871e	\\x8ebd24d105d87c4f9fa46bbb733017ffdde9962f8321c8064bd6939aa06ca401	103
\.


--
-- Data for Name: installation_secrets; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.installation_secrets (name, id, claimed_at) FROM stdin;
realtime	\\xde1579adbaa0f4cc	2026-11-30 18:14:31.774817+00
\.


--
-- Data for Name: leases; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.leases (name, epoch, owner, until, presence) FROM stdin;
dispatch-v1	2	01a22daa-6cac-79a9-bbaa-18bf2a52bf85	2026-11-30 18:14:43.538589+00	-4924096033248329851
delivery-status-v1	2	01a22daa-6cac-79a9-bbaa-18bf2a52bf85	2026-11-30 18:14:43.540043+00	-4924096033248329851
event-lookup-v1	2	01a22daa-6cac-79a9-bbaa-18bf2a52bf85	2026-11-30 18:14:43.542354+00	-4924096033248329851
suppressions-v1	2	01a22daa-6cac-79a9-bbaa-18bf2a52bf85	2026-11-30 18:14:43.542431+00	-4924096033248329851
inbox-v1	2	01a22daa-6cac-79a9-bbaa-18bf2a52bf85	2026-11-30 18:14:43.543797+00	-4924096033248329851
usage-v1	2	01a22daa-6cac-79a9-bbaa-18bf2a52bf85	2026-11-30 18:14:43.54407+00	-4924096033248329851
\.


--
-- Data for Name: log_identity; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.log_identity (only_row, log_id, epoch) FROM stdin;
t	b746c3cc-135c-4197-94fd-2c242bcb281e	1
\.


--
-- Data for Name: master_key; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.master_key (only_row, id, claimed_at) FROM stdin;
t	\\x92cd09b2ecba7208	2026-11-30 18:14:31.703051+00
\.


--
-- Data for Name: parked_events; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.parked_events (subscription, aggregate_type, aggregate_id, "position", reason, parked_at, retry, program) FROM stdin;
\.


--
-- Data for Name: provider_messages; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.provider_messages (tenant_id, provider, message_id, notification_id, recorded_at, instance) FROM stdin;
\.


--
-- Data for Name: rebuild_turn; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.rebuild_turn  FROM stdin;
\.


--
-- Data for Name: redrives; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.redrives (tenant_id, redrive_id, "position", deliveries, filter, dry_run, requested_by, requested_at, state, next_index, after_ended_at, after_notification_id, after_channel, requeued, refused, ended_at, lease_owner, lease_until) FROM stdin;
\.


--
-- Data for Name: sandbox_messages; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sandbox_messages (delivery_id, tenant_id, notification_id, channel, event_id, key_id, sealed, created_at, requeued_delivery_id) FROM stdin;
d09ef384-c80d-592b-9d35-b87272f3402d	027c636d-4da8-5da2-8479-4a45e38b871e	97367ea8-c145-5ca3-8a70-f9020952118a	SMS	\N	7561c48f-dad0-4add-9574-de7b96300196	dPLEFf9y1fo9lG3r11AeVGZa+/EFy+J8hSEm3T9wh4VIGklSX5DLVH4RTk4jOpANHb1GPH18c7CONE2Y1loTMwpB1yxRvu8vBon3cxI/8iGSXQTS1HK+AIYbq+OCY/0gP5kbZzXa	2026-11-30 18:14:32.295531+00	\N
27be6211-a002-51d9-9ef2-c877e200b677	027c636d-4da8-5da2-8479-4a45e38b871e	c8ef7e17-3162-50b9-9944-177ce5135a1b	SMS	\N	3bbee600-0c73-4fe8-a126-44e19e938811	OoLt4V6Luw0l/WCXBx70t2/xP+2KeyBYc8ja3O0mmYqpEcVh7gb+Urcg9APAfwBusspD/oERlO9y3iR2tITlci5EPsPJ3CtWkoDy+HkVS4QMwdNyxFtqzntzJJm5pkTVwW+TGoT+	2026-11-30 18:14:32.327142+00	\N
6089f0fe-f3aa-5c0e-8b5f-7869d8388af2	027c636d-4da8-5da2-8479-4a45e38b871e	7e19579b-b9c5-57b9-9f77-717852dbe0fd	SMS	\N	bb65563f-353b-4e7f-9f56-f2a39333de7a	29EEqw5SUsuEeRwqHyQaL/SlWI8YIwK8heILXBflF5b8Yqaney1naphSSUjA7IDTCVA7SMBad2cKogRDCB0X7XwLzt6bV4iQ0qWEd/EN+AHcC++mxhLnDjYREPDRhyMe4EdfwqnO	2026-11-30 18:14:32.346812+00	\N
0abf55f0-28b5-5f7b-b712-ba472ed038ba	027c636d-4da8-5da2-8479-4a45e38b871e	0ee186f0-8016-57c5-9e38-880a22039c49	SMS	\N	887645a6-0a5f-49a1-a362-b9617f5598dd	rEgUr1xZJ8SgHAXDmQbmyJ38nhxKavQOC7osYrOqHRL+MwshGPG2odrTiiJ8DU+zFddHqco1zJMKkfumHBCgbY2TpBVi8c4hMFyn+6Vc3UCDR/L8VAIp6vpClpPh7m1ELhzGseqy	2026-11-30 18:14:32.354219+00	\N
f57e47de-053e-5b41-b037-f5fad1c9248f	027c636d-4da8-5da2-8479-4a45e38b871e	ac25075d-a54b-5678-9882-343b2e3c3efc	SMS	\N	810c6282-d249-492e-b622-590cd343491a	pnVk62fXhJKkaSPZN2R1ynv17scYHAtDfcsguNxI/bzFXbxx09GmrJkSn7JHRrk5Xoww4Qj+X9SBvYCIShrTmgqpCWWGiEKWO6KrHKObATDzYVGJjAknRFozj/l7u7NkfOhTCz3z	2026-11-30 18:14:32.452634+00	\N
ef51eb1e-dac2-5855-813e-420445e3423f	027c636d-4da8-5da2-8479-4a45e38b871e	8df2c287-f4d0-5506-b856-e108cb580076	SMS	\N	2897be05-3083-497d-8655-e48ff5e40fd1	95Kxhj9x1xy6vsc2HXsrO9JS664CLvTfVjXy1JLQ4Fygt1SH/bPfRPW1LnAO5FTePjGO4rJ0O0ZsFa2gOeHrvldEQTad9YmSROFjX6ltGXUGyWdk3VVYqsAaSrpUVgfOn2mttaCS	2026-11-30 18:14:32.460193+00	\N
e88acbdc-9365-5c6c-b5d3-5e27a661c0de	027c636d-4da8-5da2-8479-4a45e38b871e	bb30e7cc-e2d6-5488-b4a5-1626c907d0ce	SMS	\N	fa1a0f55-1f42-45ee-a90b-4b684c769e79	v+Wkr0L0P49YD2UqLN7yfW9HaTtReegCQ8xXI+NtRhVa7UD3m8Ah1UDfz3jwHmDq5z/6T4v3p70snwLhKoIWY8yBk8Q0Ew1kBumnx5rRy4nAkEgkC8puYNACmanqyvlGEgofKnz6	2026-11-30 18:14:32.471926+00	\N
cb034e23-8cf3-5a42-aa68-6c10128e9f2f	027c636d-4da8-5da2-8479-4a45e38b871e	4669b01e-ceea-5599-87bc-ccae71857413	SMS	\N	552521ff-d7fa-46d6-ba75-ee1cfde81217	kMm/9CrOdeAn473QDdK8Fq+D0NbGRkeCp0awGp21j90LA7awty5FKObjUf35KvFC6VyGPlY7PyBwSC8sEfOpleXaaLMAgqZvHnxHSQ+i9iOLoNkfyt8cV5KpCPbqir+AfaVb6HIj	2026-11-30 18:14:33.604561+00	\N
bfd36ce7-c9a8-5e62-bd60-db9c56401fb9	027c636d-4da8-5da2-8479-4a45e38b871e	9aaa1103-baf8-5a93-9b86-ffc77c7b2c04	SMS	\N	b414e755-05fa-4d86-8bf3-7546fbcc8893	gvrxPG2TJQ9XWFyLoLrLI73VdiSs1EXPvVUOOxU7Z8osfd5qXGsexPTLYdlRZRI1f1peS7Kua5GkWw/J7V70V7SZkAArQ7mhgGETczwnNEWKKBRyNNbgmXC0TE0AX+euPpTgC91E	2026-11-30 18:14:33.607546+00	\N
\.


--
-- Data for Name: suppressions; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.suppressions (tenant_id, address_ref, channel, reason, cause, notification_id, since, "position", sequence, suppressed) FROM stdin;
\.


--
-- Data for Name: unanswered_attempts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.unanswered_attempts (tenant_id, notification_id, provider, instance, attempt, unknown_at, address_ref, started_at) FROM stdin;
\.


--
-- Data for Name: usage_minutes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.usage_minutes (minute, tenant_id, accepted, seconds, "position") FROM stdin;
2026-11-30 18:14:00+00	027c636d-4da8-5da2-8479-4a45e38b871e	9	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,7,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}	105
\.


--
-- Data for Name: waiting_receipts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.waiting_receipts (tenant_id, provider, message_id, event_ref, instance, channel, receipt, cause, occurred_at, received_at, address_ref, tried_at) FROM stdin;
\.


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: attempts attempts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (tenant_id, notification_id, channel, attempt);


--
-- Name: checkpoints checkpoints_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (subscription, after);


--
-- Name: data_keys data_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_pkey PRIMARY KEY (key_id);


--
-- Name: data_keys data_keys_scope_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_scope_key UNIQUE NULLS NOT DISTINCT (tenant_id, kind, recipient_ref, month);


--
-- Name: dead_letters dead_letters_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (tenant_id, notification_id, channel);


--
-- Name: deliveries deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (tenant_id, notification_id, channel);


--
-- Name: dispatch_due dispatch_due_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dispatch_due
    ADD CONSTRAINT dispatch_due_pkey PRIMARY KEY (tenant_id, notification_id, channel);


--
-- Name: dispatch_processes dispatch_processes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dispatch_processes
    ADD CONSTRAINT dispatch_processes_pkey PRIMARY KEY (owner);


--
-- Name: event_lookup_forgotten event_lookup_forgotten_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event_lookup_forgotten
    ADD CONSTRAINT event_lookup_forgotten_pkey PRIMARY KEY (tenant_id, recipient_ref);


--
-- Name: event_lookup event_lookup_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event_lookup
    ADD CONSTRAINT event_lookup_pkey PRIMARY KEY (tenant_id, notification_id);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (aggregate_type, aggregate_id, sequence);


--
-- Name: events events_position_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_position_key UNIQUE ("position");


--
-- Name: expired_months expired_months_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.expired_months
    ADD CONSTRAINT expired_months_pkey PRIMARY KEY (tenant_id, month);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, key);


--
-- Name: inbox_forgotten inbox_forgotten_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox_forgotten
    ADD CONSTRAINT inbox_forgotten_pkey PRIMARY KEY (tenant_id, recipient_ref);


--
-- Name: inbox inbox_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (tenant_id, notification_id);


--
-- Name: installation_secrets installation_secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.installation_secrets
    ADD CONSTRAINT installation_secrets_pkey PRIMARY KEY (name);


--
-- Name: leases leases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);


--
-- Name: log_identity log_identity_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_identity
    ADD CONSTRAINT log_identity_pkey PRIMARY KEY (only_row);


--
-- Name: master_key master_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.master_key
    ADD CONSTRAINT master_key_pkey PRIMARY KEY (only_row);


--
-- Name: parked_events parked_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.parked_events
    ADD CONSTRAINT parked_events_pkey PRIMARY KEY (subscription, aggregate_type, aggregate_id);


--
-- Name: provider_messages provider_messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.provider_messages
    ADD CONSTRAINT provider_messages_pkey PRIMARY KEY (tenant_id, provider, instance, message_id);


--
-- Name: redrives redrives_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.redrives
    ADD CONSTRAINT redrives_pkey PRIMARY KEY (tenant_id, redrive_id);


--
-- Name: sandbox_messages sandbox_messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_messages
    ADD CONSTRAINT sandbox_messages_pkey PRIMARY KEY (delivery_id);


--
-- Name: suppressions suppressions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_pkey PRIMARY KEY (tenant_id, address_ref);


--
-- Name: unanswered_attempts unanswered_attempts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unanswered_attempts
    ADD CONSTRAINT unanswered_attempts_pkey PRIMARY KEY (tenant_id, notification_id);


--
-- Name: usage_minutes usage_minutes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.usage_minutes
    ADD CONSTRAINT usage_minutes_pkey PRIMARY KEY (minute, tenant_id);


--
-- Name: waiting_receipts waiting_receipts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.waiting_receipts
    ADD CONSTRAINT waiting_receipts_pkey PRIMARY KEY (tenant_id, provider, instance, message_id, event_ref);


--
-- Name: data_keys_month; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX data_keys_month ON public.data_keys USING btree (tenant_id, month) WHERE (kind = 2);


--
-- Name: dead_letters_by_end; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dead_letters_by_end ON public.dead_letters USING btree (tenant_id, ended_at, notification_id, channel);


--
-- Name: deliveries_accepted; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_accepted ON public.deliveries USING brin (accepted_at) WITH (pages_per_range='32', autosummarize='on');


--
-- Name: deliveries_delivery_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX deliveries_delivery_id ON public.deliveries USING btree (delivery_id) WHERE (template_id IS NOT NULL);


--
-- Name: deliveries_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_held ON public.deliveries USING btree (held_at) WHERE (held_at IS NOT NULL);


--
-- Name: dispatch_due_by_lane; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dispatch_due_by_lane ON public.dispatch_due USING btree (tenant_id, kind, channel, due_at) WHERE (kind <> 'held'::text);


--
-- Name: dispatch_due_expires; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dispatch_due_expires ON public.dispatch_due USING btree (expires_at) WHERE ((expires_at IS NOT NULL) AND (kind = 'send'::text));


--
-- Name: dispatch_due_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dispatch_due_held ON public.dispatch_due USING btree (due_at) WHERE (kind = 'held'::text);


--
-- Name: dispatch_due_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dispatch_due_waiting ON public.dispatch_due USING btree (tenant_id, channel, waits_for) WHERE (waits_for IS NOT NULL);


--
-- Name: event_lookup_email_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_lookup_email_idx ON public.event_lookup USING btree (tenant_id, email_ref, accepted_at DESC, "position" DESC) WHERE (email_ref IS NOT NULL);


--
-- Name: event_lookup_phone_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_lookup_phone_idx ON public.event_lookup USING btree (tenant_id, phone_ref, accepted_at DESC, "position" DESC) WHERE (phone_ref IS NOT NULL);


--
-- Name: event_lookup_recipient_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_lookup_recipient_idx ON public.event_lookup USING btree (tenant_id, recipient_ref, accepted_at DESC, "position" DESC);


--
-- Name: events_configuration_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX events_configuration_idx ON public.events USING btree ("position") WHERE (aggregate_type = ANY (ARRAY['Tenant'::text, 'Template'::text]));


--
-- Name: events_suppression_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX events_suppression_idx ON public.events USING btree ("position") WHERE (aggregate_type = 'Suppression'::text);


--
-- Name: expired_months_to_empty; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX expired_months_to_empty ON public.expired_months USING btree (tenant_id, month) WHERE (emptied_at IS NULL);


--
-- Name: idempotency_keys_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_keys_expires_at ON public.idempotency_keys USING btree (expires_at);


--
-- Name: idempotency_keys_plain; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_keys_plain ON public.idempotency_keys USING btree (expires_at) WHERE ((NOT starts_with(key, 'hmac:'::text)) AND (tenant_id <> '6f727165-7374-7261-8000-6170696b6579'::uuid));


--
-- Name: inbox_channel; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX inbox_channel ON public.inbox USING btree (tenant_id, recipient_ref, category, rendered_position) WHERE (rendered_position IS NOT NULL);


--
-- Name: inbox_recipient; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX inbox_recipient ON public.inbox USING btree (tenant_id, recipient_ref, accepted_at DESC, "position" DESC);


--
-- Name: provider_messages_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX provider_messages_by_time ON public.provider_messages USING btree (recorded_at);


--
-- Name: redrives_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX redrives_newest ON public.redrives USING btree (tenant_id, "position" DESC);


--
-- Name: redrives_running; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX redrives_running ON public.redrives USING btree ("position") WHERE (state = 'running'::text);


--
-- Name: sandbox_messages_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_messages_newest ON public.sandbox_messages USING btree (tenant_id, created_at DESC, delivery_id DESC);


--
-- Name: suppressions_newest_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX suppressions_newest_idx ON public.suppressions USING btree (tenant_id, "position" DESC) WHERE suppressed;


--
-- Name: unanswered_attempts_by_address; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unanswered_attempts_by_address ON public.unanswered_attempts USING btree (tenant_id, provider, instance, address_ref);


--
-- Name: unanswered_attempts_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX unanswered_attempts_by_time ON public.unanswered_attempts USING btree (unknown_at);


--
-- Name: waiting_receipts_by_address; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX waiting_receipts_by_address ON public.waiting_receipts USING btree (tenant_id, provider, instance, address_ref) WHERE (address_ref IS NOT NULL);


--
-- Name: waiting_receipts_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX waiting_receipts_by_time ON public.waiting_receipts USING btree (received_at);


--
-- Name: deliveries deliveries_keep_no_event_id; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER deliveries_keep_no_event_id BEFORE INSERT ON public.deliveries FOR EACH ROW WHEN ((new.event_id IS NOT NULL)) EXECUTE FUNCTION public.deliveries_drop_event_id();

ALTER TABLE public.deliveries ENABLE ALWAYS TRIGGER deliveries_keep_no_event_id;


--
-- Name: events events_refuse_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER events_refuse_change BEFORE DELETE OR UPDATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change_of_events();

ALTER TABLE public.events ENABLE ALWAYS TRIGGER events_refuse_change;


--
-- Name: events events_refuse_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change_of_events();

ALTER TABLE public.events ENABLE ALWAYS TRIGGER events_refuse_truncate;


--
-- Name: idempotency_keys idempotency_keys_keep_no_asked; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER idempotency_keys_keep_no_asked BEFORE INSERT ON public.idempotency_keys FOR EACH ROW WHEN ((new.expires_at <= '1970-01-01 00:00:00+00'::timestamp with time zone)) EXECUTE FUNCTION public.idempotency_keys_drop_asked();

ALTER TABLE public.idempotency_keys ENABLE ALWAYS TRIGGER idempotency_keys_keep_no_asked;


--
-- Name: sandbox_messages sandbox_messages_keep_no_event_id; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER sandbox_messages_keep_no_event_id BEFORE INSERT OR UPDATE OF event_id ON public.sandbox_messages FOR EACH ROW WHEN ((new.event_id IS NOT NULL)) EXECUTE FUNCTION public.sandbox_messages_drop_event_id();

ALTER TABLE public.sandbox_messages ENABLE ALWAYS TRIGGER sandbox_messages_keep_no_event_id;


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA public TO orqestra_app;


--
-- Name: FUNCTION append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) TO orqestra_app;


--
-- Name: FUNCTION append_batch_of(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_batch_of(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_batch_of(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) TO orqestra_app;


--
-- Name: FUNCTION append_batch_since(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[], r_command integer[], r_tenant_id uuid[], r_position bigint[], r_oldest bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_batch_since(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[], r_command integer[], r_tenant_id uuid[], r_position bigint[], r_oldest bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_batch_since(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[], r_command integer[], r_tenant_id uuid[], r_position bigint[], r_oldest bigint) TO orqestra_app;


--
-- Name: FUNCTION append_commands(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, p_events public.append_events, p_claims public.append_claims, p_new_keys public.append_new_keys, p_used_keys public.append_used_keys, p_destroyed public.append_destroyed, p_configured public.append_configured); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_commands(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, p_events public.append_events, p_claims public.append_claims, p_new_keys public.append_new_keys, p_used_keys public.append_used_keys, p_destroyed public.append_destroyed, p_configured public.append_configured) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_commands(p_position bigint, p_event_id uuid, p_log_id uuid, p_epoch bigint, p_now timestamp with time zone, p_events public.append_events, p_claims public.append_claims, p_new_keys public.append_new_keys, p_used_keys public.append_used_keys, p_destroyed public.append_destroyed, p_configured public.append_configured) TO orqestra_app;


--
-- Name: FUNCTION claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) TO orqestra_app;


--
-- Name: FUNCTION deliveries_drop_event_id(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.deliveries_drop_event_id() FROM PUBLIC;


--
-- Name: FUNCTION destroy_expired_keys(p_limit integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.destroy_expired_keys(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.destroy_expired_keys(p_limit integer) TO orqestra_app;


--
-- Name: FUNCTION dispatch_due_apply(g_tenant_id uuid[], g_notification_id uuid[], g_channel text[], p_tenant_id uuid[], p_notification_id uuid[], p_channel text[], p_kind text[], p_due_at timestamp with time zone[], p_attempt integer[], p_leased boolean[], p_owner uuid, p_until timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.dispatch_due_apply(g_tenant_id uuid[], g_notification_id uuid[], g_channel text[], p_tenant_id uuid[], p_notification_id uuid[], p_channel text[], p_kind text[], p_due_at timestamp with time zone[], p_attempt integer[], p_leased boolean[], p_owner uuid, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.dispatch_due_apply(g_tenant_id uuid[], g_notification_id uuid[], g_channel text[], p_tenant_id uuid[], p_notification_id uuid[], p_channel text[], p_kind text[], p_due_at timestamp with time zone[], p_attempt integer[], p_leased boolean[], p_owner uuid, p_until timestamp with time zone) TO orqestra_app;


--
-- Name: FUNCTION dispatch_due_take(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after uuid, p_skip uuid[], p_tenants integer, p_share integer, p_limit integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.dispatch_due_take(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after uuid, p_skip uuid[], p_tenants integer, p_share integer, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.dispatch_due_take(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after uuid, p_skip uuid[], p_tenants integer, p_share integer, p_limit integer) TO orqestra_app;


--
-- Name: FUNCTION dispatch_due_take_lanes(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.dispatch_due_take_lanes(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.dispatch_due_take_lanes(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer) TO orqestra_app;


--
-- Name: FUNCTION dispatch_due_take_steady(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer, p_sweeps_until timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.dispatch_due_take_steady(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer, p_sweeps_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.dispatch_due_take_steady(p_now timestamp with time zone, p_owner uuid, p_until timestamp with time zone, p_after_tenant uuid, p_after_kind text, p_after_channel text, p_known text[], p_room integer[], p_lanes integer, p_share integer, p_limit integer, p_sweeps_until timestamp with time zone) TO orqestra_app;


--
-- Name: FUNCTION idempotency_keys_drop_asked(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.idempotency_keys_drop_asked() FROM PUBLIC;


--
-- Name: FUNCTION log_configuration_end(p_after bigint, p_most integer, p_bytes bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.log_configuration_end(p_after bigint, p_most integer, p_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.log_configuration_end(p_after bigint, p_most integer, p_bytes bigint) TO orqestra_app;


--
-- Name: FUNCTION log_page_end(p_after bigint, p_most integer, p_bytes bigint, p_aggregate_types text[], p_event_types text[], p_other_event_types text[], p_payloads boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.log_page_end(p_after bigint, p_most integer, p_bytes bigint, p_aggregate_types text[], p_event_types text[], p_other_event_types text[], p_payloads boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.log_page_end(p_after bigint, p_most integer, p_bytes bigint, p_aggregate_types text[], p_event_types text[], p_other_event_types text[], p_payloads boolean) TO orqestra_app;


--
-- Name: FUNCTION log_streams_end(p_aggregate_types text[], p_aggregate_ids text[], p_after bigint[], p_bytes bigint); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.log_streams_end(p_aggregate_types text[], p_aggregate_ids text[], p_after bigint[], p_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.log_streams_end(p_aggregate_types text[], p_aggregate_ids text[], p_after bigint[], p_bytes bigint) TO orqestra_app;


--
-- Name: FUNCTION sandbox_messages_drop_event_id(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.sandbox_messages_drop_event_id() FROM PUBLIC;


--
-- Name: TABLE _sqlx_migrations; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public._sqlx_migrations TO orqestra_app;


--
-- Name: TABLE attempts; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.attempts TO orqestra_app;


--
-- Name: TABLE checkpoints; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.checkpoints TO orqestra_app;


--
-- Name: TABLE data_keys; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.data_keys TO orqestra_app;


--
-- Name: COLUMN data_keys.wrapped; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(wrapped) ON TABLE public.data_keys TO orqestra_app;


--
-- Name: TABLE dead_letters; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dead_letters TO orqestra_app;


--
-- Name: TABLE deliveries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deliveries TO orqestra_app;


--
-- Name: TABLE dispatch_due; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dispatch_due TO orqestra_app;


--
-- Name: TABLE dispatch_processes; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dispatch_processes TO orqestra_app;


--
-- Name: TABLE event_lookup; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_lookup TO orqestra_app;


--
-- Name: TABLE event_lookup_forgotten; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.event_lookup_forgotten TO orqestra_app;


--
-- Name: TABLE events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.events TO orqestra_app;


--
-- Name: TABLE expired_months; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.expired_months TO orqestra_app;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO orqestra_app;


--
-- Name: COLUMN idempotency_keys.expires_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(expires_at) ON TABLE public.idempotency_keys TO orqestra_app;


--
-- Name: TABLE inbox; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO orqestra_app;


--
-- Name: TABLE inbox_forgotten; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox_forgotten TO orqestra_app;


--
-- Name: TABLE installation_secrets; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.installation_secrets TO orqestra_app;


--
-- Name: COLUMN installation_secrets.id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(id) ON TABLE public.installation_secrets TO orqestra_app;


--
-- Name: COLUMN installation_secrets.claimed_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_at) ON TABLE public.installation_secrets TO orqestra_app;


--
-- Name: TABLE leases; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.leases TO orqestra_app;


--
-- Name: TABLE log_identity; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_identity TO orqestra_app;


--
-- Name: TABLE master_key; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.master_key TO orqestra_app;


--
-- Name: COLUMN master_key.id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(id) ON TABLE public.master_key TO orqestra_app;


--
-- Name: COLUMN master_key.claimed_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_at) ON TABLE public.master_key TO orqestra_app;


--
-- Name: TABLE parked_events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.parked_events TO orqestra_app;


--
-- Name: TABLE provider_messages; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.provider_messages TO orqestra_app;


--
-- Name: TABLE redrives; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.redrives TO orqestra_app;


--
-- Name: TABLE sandbox_messages; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.sandbox_messages TO orqestra_app;


--
-- Name: TABLE suppressions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.suppressions TO orqestra_app;


--
-- Name: TABLE unanswered_attempts; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unanswered_attempts TO orqestra_app;


--
-- Name: TABLE usage_minutes; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_minutes TO orqestra_app;


--
-- Name: TABLE waiting_receipts; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.waiting_receipts TO orqestra_app;


--
-- PostgreSQL database dump complete
--

\unrestrict 7dYNKeUY6Hrym0aK67JeBAkHBXHGhYEQngquZj58Pb0aSqQ2sqzxguQD8MKbUWM

