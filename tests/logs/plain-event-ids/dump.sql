--
-- PostgreSQL database dump
--

\restrict D8oNGmgNcwdXUUcU4cHXa4xh2sqF7Ev10BiXdpdwkaiDhjruahtDZg6empckRBD

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
    perform pg_advisory_xact_lock(7237117320415929455);

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
             where (select true from data_keys k where k.key_id = u.key_id limit 1) is null
        loop
            if v_status[v_refusal.command] = 0 then
                v_status[v_refusal.command] := 3;
                v_detail[v_refusal.command] := to_jsonb(v_refusal.key_id);
            end if;
        end loop;
    end if;

    if cardinality(n_command) > 0 then
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
                    delete from data_keys k
                     where k.tenant_id = v_refusal.tenant_id and k.kind = 2 and k.month = v_refusal.month;
                end if;
            end loop;
        end if;

        perform pg_notify('orqestra_log', (v_head + v_placed)::text);
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


--
-- Name: FUNCTION claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) IS 'Claims keys for stored events; one row a claim back, who holds the key.';


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
               lease_owner = excluded.lease_owner, lease_until = excluded.lease_until;
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
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deliveries (
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    delivery_id uuid NOT NULL,
    recipient_ref bytea NOT NULL,
    event_id text NOT NULL,
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

COMMENT ON COLUMN public.deliveries.event_id IS 'The caller''s id of the event.';


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
);


--
-- Name: TABLE events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.events IS 'Append-only. Rows come in through append_batch alone and never change.';


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

COMMENT ON TABLE public.idempotency_keys IS 'Keys that callers gave; an expired one can be claimed anew.';


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

COMMENT ON COLUMN public.inbox.rendered_position IS 'Of the rendering, in the log: the offset under which the push is published.';


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
-- Name: parked_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.parked_events (
    subscription text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    "position" bigint NOT NULL,
    reason text NOT NULL,
    parked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    retry boolean DEFAULT false NOT NULL
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
-- Name: sandbox_messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sandbox_messages (
    delivery_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    channel text NOT NULL,
    event_id text NOT NULL,
    key_id uuid NOT NULL,
    sealed text NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE sandbox_messages; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.sandbox_messages IS 'Messages given to the sandbox. A delivery stands here once, however often it was sent.';


--
-- Name: COLUMN sandbox_messages.event_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.event_id IS 'The tenant''s own id of the event.';


--
-- Name: COLUMN sandbox_messages.key_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.key_id IS 'The recipient''s data key; once it is gone the message cannot be read.';


--
-- Name: COLUMN sandbox_messages.sealed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.sandbox_messages.sealed IS 'Sealed JSON {to, subject?, body}.';


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
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public._sqlx_migrations (version, description, installed_on, success, checksum, execution_time) FROM stdin;
1	log	2026-11-29 01:26:41.448175+00	t	\\x5b0bb8095ed5600d3b97b8ccf0e83ec9bab34f04fa0957e95554cfc75c415f1018dd6490a4d7675644243f4abb12a1d9	53907509
2	append batch	2026-11-29 01:26:41.51002+00	t	\\x247db076de9ad194b8dafecfad1e4020140061f4aac51ade280fcab4eab62b72facd4f1cd81cae16a808e6a2ab1cb4a4	3993970
3	subscriptions	2026-11-29 01:26:41.518009+00	t	\\xaf67d46a3b77e1b649db6df36a01ad544c3594d117f063dda7c4f813af12f9e41e77fd3631f53c3f43545cd6b47affca	28040068
4	log grants	2026-11-29 01:26:41.550025+00	t	\\x8cb81c93bf209c5b37c9169e694b3e067f1995e20603c227009be779bd9058dd95f5c95333892cb3b39a71d575663eba	3970445
5	configuration index	2026-11-29 01:26:41.556142+00	t	\\x080c27c39fa1610b88f2b966492c5f22b46b68e3a0707b5e475f997d9fa4eeb9aefd035d1b2e63029ae2bb869d19d688	9886100
6	claim keys	2026-11-29 01:26:41.570011+00	t	\\xd70626999089da16f1ab5936c49b00b074d6bea86f7ea66117604311b3a91f379fa68b62d45fc7cbac7bc092dc01fdff	3994491
90	schema version grant	2026-11-29 01:26:41.578+00	t	\\x997c549e194936801d775cfc99a29e4b7a57fabd1b959cbcf14d0929c6aa2d09f5d35d673f8687e1bb710f72f53d3cd2	3992960
100	inbox	2026-11-29 01:26:41.58599+00	t	\\xdc4e11dc27741419c297c51298fd2f83d2356bd7abc223b9fd6078c689216b294bbf7b9d8df96ab94080fb76beaa2e5a	28065466
101	delivery status	2026-11-29 01:26:41.618014+00	t	\\xf10954029789b74c8f249713049a4ec7208e0cde035827fb0074c6f5df2ebb4dddfa4b53d37bb1caba56c53d0f2eaa7d	32027158
102	projection grants	2026-11-29 01:26:41.651008+00	t	\\xf7b3f011aad5649fa6c44dbeaeaeb443b6ea61faaa8a57290f37e44a249b6c9cd2bc96da6cfb6f1c80e25c718f7ba6ae	2984457
103	inbox rendered position	2026-11-29 01:26:41.656851+00	t	\\xcecfc6e570bf1c5c1683294ec8fb4b78761664f17951566b8c058026199cfd05d2f628a84883471784e95a01b3679a90	3798680
104	usage	2026-11-29 01:26:41.661974+00	t	\\x4779700dd4dfdcca4af5dfd4d7184f2c75f02603dd726a57f7632e7ef2b18743b696265f39ab511219ccef6ca4c5820d	12076443
200	dispatch due	2026-11-29 01:26:41.678001+00	t	\\x17e13b39fdaf0d22244129ad2931d55cfb0749cac77ba35934255225bc627ff48073097e3b5e644d66efeb94874ed9e4	20037495
201	sandbox	2026-11-29 01:26:41.702016+00	t	\\x0a1243fbb39a05b99e6778dd50ba657b30bae1f41cdc7201f72280f566efb4fa2bd24a264be45711fb976e22271f0de3	15984256
\.


--
-- Data for Name: attempts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.attempts (tenant_id, notification_id, channel, attempt, provider, started_at, ended_at, outcome, cause, possible_duplicate, sequence) FROM stdin;
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	PUSH	1	hub	2026-11-29 01:26:42.278113+00	2026-11-29 01:26:42.278113+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	PUSH	1	hub	2026-11-29 01:26:42.324667+00	2026-11-29 01:26:42.324667+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	PUSH	1	hub	2026-11-29 01:26:42.357546+00	2026-11-29 01:26:42.357546+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	PUSH	1	hub	2026-11-29 01:26:42.380939+00	2026-11-29 01:26:42.380939+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	EMAIL	1	smtp	2026-11-29 01:26:42.288685+00	2026-11-29 01:26:42.362651+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	SMS	1	sandbox	2026-11-29 01:26:42.288908+00	2026-11-29 01:26:42.37011+00	SUCCEEDED	\N	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	PUSH	1	hub	2026-11-29 01:26:42.381728+00	2026-11-29 01:26:42.381728+00	SUCCEEDED	\N	f	8
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	PUSH	1	hub	2026-11-29 01:26:42.404933+00	2026-11-29 01:26:42.404933+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	PUSH	1	hub	2026-11-29 01:26:42.430385+00	2026-11-29 01:26:42.430385+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	EMAIL	1	smtp	2026-11-29 01:26:42.381375+00	2026-11-29 01:26:42.461054+00	UNKNOWN	smtp_connection_lost	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	SMS	1	sandbox	2026-11-29 01:26:42.381612+00	2026-11-29 01:26:42.459893+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	EMAIL	1	smtp	2026-11-29 01:26:42.325495+00	2026-11-29 01:26:42.416821+00	FAILED	smtp_451	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	SMS	1	sandbox	2026-11-29 01:26:42.325666+00	2026-11-29 01:26:42.394149+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	EMAIL	1	smtp	2026-11-29 01:26:42.359644+00	2026-11-29 01:26:42.435819+00	FAILED	smtp_550	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	SMS	1	sandbox	2026-11-29 01:26:42.359774+00	2026-11-29 01:26:42.435628+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	SMS	1	sandbox	2026-11-29 01:26:42.431112+00	2026-11-29 01:26:42.471072+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	SMS	1	sandbox	2026-11-29 01:26:42.41041+00	2026-11-29 01:26:42.47259+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	SMS	1	sandbox	2026-11-29 01:26:42.386159+00	2026-11-29 01:26:42.472472+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	EMAIL	1	smtp	2026-11-29 01:26:42.385982+00	2026-11-29 01:26:42.483958+00	UNKNOWN	smtp_connection_lost	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	EMAIL	1	smtp	2026-11-29 01:26:42.430998+00	2026-11-29 01:26:42.494541+00	SUCCEEDED	\N	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	EMAIL	1	smtp	2026-11-29 01:26:42.410277+00	2026-11-29 01:26:42.509544+00	SUCCEEDED	\N	f	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	EMAIL	2	smtp	2026-11-29 01:26:42.503987+00	2026-11-29 01:26:42.531254+00	SUCCEEDED	\N	t	12
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	EMAIL	2	smtp	2026-11-29 01:26:42.46395+00	2026-11-29 01:26:42.533167+00	UNKNOWN	smtp_connection_lost	t	12
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	EMAIL	2	smtp	2026-11-29 01:26:43.082787+00	2026-11-29 01:26:43.131043+00	SUCCEEDED	\N	f	12
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	EMAIL	1	smtp	2026-11-29 01:26:43.80667+00	\N	OPEN	\N	f	3
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	PUSH	1	hub	2026-11-29 01:26:43.803043+00	2026-11-29 01:26:43.803043+00	SUCCEEDED	\N	f	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	SMS	1	sandbox	2026-11-29 01:26:43.807779+00	2026-11-29 01:26:43.858382+00	SUCCEEDED	\N	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	PUSH	1	hub	2026-11-29 01:26:43.807907+00	2026-11-29 01:26:43.807907+00	SUCCEEDED	\N	f	8
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	EMAIL	1	smtp	2026-11-29 01:26:43.808063+00	2026-11-29 01:26:43.869444+00	FAILED	smtp_451	f	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	SMS	1	sandbox	2026-11-29 01:26:43.808177+00	2026-11-29 01:26:43.874549+00	SUCCEEDED	\N	f	10
\.


--
-- Data for Name: checkpoints; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.checkpoints (subscription, after, "position", epoch) FROM stdin;
inbox-v1	-1	0	1
usage-v1	-1	0	1
delivery-status-v1	-1	0	1
dispatch-v1	-1	0	1
inbox-v1	0	22	1
usage-v1	0	22	1
delivery-status-v1	0	22	1
dispatch-v1	0	22	1
inbox-v1	22	23	1
dispatch-v1	22	23	1
delivery-status-v1	22	23	1
dispatch-v1	23	24	1
inbox-v1	23	24	1
delivery-status-v1	23	24	1
dispatch-v1	24	25	1
inbox-v1	24	25	1
dispatch-v1	25	29	1
inbox-v1	25	29	1
delivery-status-v1	24	29	1
usage-v1	22	32	1
dispatch-v1	29	32	1
delivery-status-v1	29	34	1
inbox-v1	29	34	1
inbox-v1	34	37	1
dispatch-v1	32	37	1
delivery-status-v1	34	37	1
inbox-v1	37	38	1
dispatch-v1	37	50	1
dispatch-v1	50	52	1
inbox-v1	38	58	1
dispatch-v1	52	58	1
dispatch-v1	58	60	1
inbox-v1	58	60	1
dispatch-v1	60	63	1
delivery-status-v1	37	60	1
dispatch-v1	63	70	1
inbox-v1	60	63	1
dispatch-v1	70	78	1
dispatch-v1	78	80	1
dispatch-v1	80	83	1
dispatch-v1	83	85	1
inbox-v1	63	85	1
dispatch-v1	85	87	1
dispatch-v1	87	88	1
dispatch-v1	88	89	1
dispatch-v1	89	90	1
delivery-status-v1	60	90	1
delivery-status-v1	90	91	1
dispatch-v1	90	91	1
delivery-status-v1	91	93	1
dispatch-v1	91	93	1
inbox-v1	85	91	1
inbox-v1	91	94	1
delivery-status-v1	93	94	1
dispatch-v1	93	94	1
delivery-status-v1	94	96	1
inbox-v1	94	96	1
dispatch-v1	94	96	1
inbox-v1	96	97	1
delivery-status-v1	96	97	1
dispatch-v1	96	97	1
inbox-v1	97	98	1
dispatch-v1	97	98	1
delivery-status-v1	97	98	1
dispatch-v1	98	99	1
inbox-v1	98	99	1
delivery-status-v1	98	99	1
usage-v1	32	99	1
dispatch-v1	99	100	1
inbox-v1	99	100	1
delivery-status-v1	99	100	1
usage-v1	99	100	1
inbox-v1	100	101	1
dispatch-v1	100	101	1
delivery-status-v1	100	101	1
usage-v1	100	101	1
dispatch-v1	101	102	1
delivery-status-v1	101	102	1
inbox-v1	101	102	1
dispatch-v1	102	103	1
delivery-status-v1	102	103	1
inbox-v1	102	105	2
dispatch-v1	103	105	2
usage-v1	101	105	2
dispatch-v1	105	108	2
inbox-v1	105	108	2
delivery-status-v1	103	110	2
inbox-v1	108	119	2
dispatch-v1	108	119	2
inbox-v1	119	120	2
delivery-status-v1	110	120	2
dispatch-v1	119	120	2
inbox-v1	120	121	2
delivery-status-v1	120	122	2
dispatch-v1	120	122	2
inbox-v1	121	122	2
\.


--
-- Data for Name: data_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.data_keys (key_id, tenant_id, kind, recipient_ref, month, wrapped, created_at) FROM stdin;
2467bc80-ff0e-4da3-b202-9639e73b696b	6f727165-7374-7261-8000-706c6174666d	0	\N	\N	\\x0192cd09b2ecba7208d1f98fbe841b9425084d8d55771f97e29ce2c68e962542598e41750ade30507e51ea5f5cf981ace71192e38146bd101db1d8daaccc1c83cf3d37ec84	2026-11-29 01:26:41.804543+00
ecdc4776-61f2-4684-8fe2-262dac21079e	6f727165-7374-7261-8000-706c6174666d	1	\N	\N	\\x0192cd09b2ecba7208243af62aa9612441965929aa9e8b97b0c59976fa5b386a1c4417e2f23ebb5da9ce117d859f5de274aaa476408c0ecc40bcd39d391c214b1519bf9351	2026-11-29 01:26:41.804679+00
60ad9271-d3a8-4cfa-ad6a-e254bdda11d9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	0	\N	\N	\\x0192cd09b2ecba7208b330df33131f4c49ac8906d3d2330787d6ec4339639ef1c9f247ac48b089091f99d74909d2275aad3130942abc40181c3eb60981d06069a8197c8de6	2026-11-29 01:26:41.885705+00
d6a9b5c7-c53e-4f3b-890f-bef00d86036e	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	1	\N	\N	\\x0192cd09b2ecba7208da756fc741f6436b95fc6c0ad6b84c897422eb7959650de7280b73010203b72c4c27e1613471e736a7a55e425592116cca988b12401cf6d25242c16d	2026-11-29 01:26:41.885734+00
e8ce96b5-1ba7-463a-a79d-795c1f10114a	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\x91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae	202611	\\x0192cd09b2ecba7208fb7e34a80ebd9fb580948b623c1b0ed01774b4978ae0458ac6ca9f253e0ee2c005cf705922368ec8dda20e1048986f1d10b908b54c76213252f776b3	2026-11-29 01:26:42.263187+00
7d11cceb-60fe-4017-94c2-4b4cb78d1075	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\xf98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210	202611	\\x0192cd09b2ecba72089d4aab305ba5bf364f393aa60e63891d7986d548ca9c8bc7af422975070c973d0507519941fbf2c8f91d757da6f8afb44c4659b08f54215b17eb66ee	2026-11-29 01:26:42.289692+00
b314f8d3-9ee8-45cd-87d5-6138726a1e2e	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\xb84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63	202611	\\x0192cd09b2ecba7208807f587747b7a7060173249bfc3448aa3dabf04dacdf3b2030fc4625c4841cdbcfcf0f66d63f4543de8c1382420f786874116f26e3e9a963d6edf2cc	2026-11-29 01:26:42.313116+00
d4c57706-6953-4bba-9311-19480be02ed9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\x9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b	202611	\\x0192cd09b2ecba720855bcf37cfd5b2d888a533f9810228bc0a7a6c118ceb77ac6831fc38df2c91f70b9caaec3ccbeb2885f031620a0f65eff9e914f8e54c09eb4858efdb1	2026-11-29 01:26:42.349837+00
07f6be4e-e482-474d-a7f4-360fb862cc5c	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\x2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b	202611	\\x0192cd09b2ecba72082595a5f74d827b0d2b580c3504f9946f55c70efc025681c9cd7a70ab19b8793b06f82cae7a005a59ffde1eabab08ff46a5d51fa1dca3ccbc40cad0ed	2026-11-29 01:26:42.370828+00
66932613-17c5-49d7-8261-33c79ac1867d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\xad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74	202611	\\x0192cd09b2ecba72087e4a014ad4694cdde5ca32d788b9330b8e95ed2bddc0ed06a8d5895342ddd03500951b2ce9bdb2462425b33f3b2f86d650dafe42fd2d315dc95be317	2026-11-29 01:26:42.387179+00
08d0b499-f3bf-4a64-85ab-a76a6d2f165b	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\xa564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2	202611	\\x0192cd09b2ecba720816193814de027f5ba279e9e886248bc0fcff723b5bfe64bba2971418da06ef52b9fdd430424d063f9ca9f3832f8a22fb811884db4bcb40ebee88eca8	2026-11-29 01:26:43.775969+00
d9456b68-04d8-499e-8d00-647e72cf09e2	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	\\x9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b	202611	\\x0192cd09b2ecba720838f04c3e4871d96e672f39ccef59fb0e24fc996eaf5c9613ce73222c6c3135a09adbd950ac06385c1dcce4124e9a55c18e0bb34d401176e76f1d1e94	2026-11-29 01:26:43.783932+00
\.


--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deliveries (tenant_id, notification_id, channel, delivery_id, recipient_ref, event_id, event_type, template_id, template_version, status, reason, provider, attempts, last_cause, provider_message_id, next_due, possible_duplicate, missing, accepted_at, rendered_at, first_attempt_at, sent_at, held_at, settled_at, "position", sequence) FROM stdin;
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	PUSH	0bdb3362-91a1-553f-bf63-4fedc5f8fa4f	\\x91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae	order-0	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.262275+00	2026-11-29 01:26:42.278109+00	2026-11-29 01:26:42.278113+00	2026-11-29 01:26:42.278113+00	\N	2026-11-29 01:26:42.278113+00	25	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	SMS	aec304a2-61ec-55a2-8c98-108701ed85a0	\\x2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b	order-4	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	aec304a2-61ec-55a2-8c98-108701ed85a0	\N	f	{}	2026-11-29 01:26:42.367674+00	2026-11-29 01:26:42.381607+00	2026-11-29 01:26:42.381612+00	2026-11-29 01:26:42.459893+00	\N	2026-11-29 01:26:42.459893+00	49	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	PUSH	17f90d89-f2fd-5819-8f8a-df63257cdc76	\\xf98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210	order-1	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.287734+00	2026-11-29 01:26:42.324664+00	2026-11-29 01:26:42.324667+00	2026-11-29 01:26:42.324667+00	\N	2026-11-29 01:26:42.324667+00	29	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	PUSH	cbaec3ac-907c-54cc-a8ca-900827fd45d1	\\x9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b	order-3	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.338472+00	2026-11-29 01:26:42.380936+00	2026-11-29 01:26:42.380939+00	2026-11-29 01:26:42.380939+00	\N	2026-11-29 01:26:42.380939+00	38	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	SMS	9ee6b6ad-8d2e-5727-b05d-cad62d3f5e90	\\xad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74	order-5	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	9ee6b6ad-8d2e-5727-b05d-cad62d3f5e90	\N	f	{}	2026-11-29 01:26:42.37595+00	2026-11-29 01:26:42.410406+00	2026-11-29 01:26:42.41041+00	2026-11-29 01:26:42.47259+00	\N	2026-11-29 01:26:42.47259+00	53	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	SMS	5c58a01b-88f6-5067-8f7c-4b4b018710f0	\\x9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b	order-3	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	5c58a01b-88f6-5067-8f7c-4b4b018710f0	\N	f	{}	2026-11-29 01:26:42.338472+00	2026-11-29 01:26:42.386155+00	2026-11-29 01:26:42.386159+00	2026-11-29 01:26:42.472472+00	\N	2026-11-29 01:26:42.472472+00	38	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	EMAIL	60712e71-489f-5d1a-bc67-f9296d2abe60	\\x2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b	order-4	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	UNKNOWN	\N	smtp	2	smtp_connection_lost	\N	\N	t	{}	2026-11-29 01:26:42.367674+00	2026-11-29 01:26:42.381368+00	2026-11-29 01:26:42.381375+00	\N	2026-11-29 01:26:42.533167+00	\N	49	12
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	PUSH	67aba363-276d-5b9f-880e-7892c2b329d9	\\xb84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63	order-2	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.310498+00	2026-11-29 01:26:42.357534+00	2026-11-29 01:26:42.357546+00	2026-11-29 01:26:42.357546+00	\N	2026-11-29 01:26:42.357546+00	32	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	EMAIL	2fe05c24-1371-5824-b76b-f62235da53bf	\\x91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae	order-0	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	SENT	\N	smtp	1	\N	<2fe05c24-1371-5824-b76b-f62235da53bf@example.org>	\N	f	{}	2026-11-29 01:26:42.262275+00	2026-11-29 01:26:42.288674+00	2026-11-29 01:26:42.288685+00	2026-11-29 01:26:42.362651+00	\N	2026-11-29 01:26:42.362651+00	25	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	SMS	e0346d34-8771-5fe6-a662-20530361854a	\\x91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae	order-0	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	e0346d34-8771-5fe6-a662-20530361854a	\N	f	{}	2026-11-29 01:26:42.262275+00	2026-11-29 01:26:42.288901+00	2026-11-29 01:26:42.288908+00	2026-11-29 01:26:42.37011+00	\N	2026-11-29 01:26:42.37011+00	25	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	PUSH	5f669fa0-5a1b-5eae-ac05-e983feb9523f	\\x2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b	order-4	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.367674+00	2026-11-29 01:26:42.381726+00	2026-11-29 01:26:42.381728+00	2026-11-29 01:26:42.381728+00	\N	2026-11-29 01:26:42.381728+00	49	8
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	SMS	2bed18b1-8636-55e6-8365-c10575d878d1	\\xf98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210	order-1	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	2bed18b1-8636-55e6-8365-c10575d878d1	\N	f	{}	2026-11-29 01:26:42.287734+00	2026-11-29 01:26:42.325661+00	2026-11-29 01:26:42.325666+00	2026-11-29 01:26:42.394149+00	\N	2026-11-29 01:26:42.394149+00	29	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	EMAIL	b08fe620-ab64-56f6-8a1b-f4401cb17c88	\\xf98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210	order-1	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	SENT	\N	smtp	2	smtp_451	<b08fe620-ab64-56f6-8a1b-f4401cb17c88@example.org>	\N	f	{}	2026-11-29 01:26:42.287734+00	2026-11-29 01:26:42.325487+00	2026-11-29 01:26:42.325495+00	2026-11-29 01:26:43.131043+00	\N	2026-11-29 01:26:43.131043+00	29	12
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	PUSH	5273be10-304f-574a-a485-33c175408b40	\\xad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74	order-5	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.37595+00	2026-11-29 01:26:42.40493+00	2026-11-29 01:26:42.404933+00	2026-11-29 01:26:42.404933+00	\N	2026-11-29 01:26:42.404933+00	53	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	EMAIL	9a8b59b0-e54f-5141-b3f5-3454ff5526de	\\xb84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63	order-2	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	FAILED	\N	smtp	1	smtp_550	\N	\N	f	{}	2026-11-29 01:26:42.310498+00	2026-11-29 01:26:42.359634+00	2026-11-29 01:26:42.359644+00	\N	\N	2026-11-29 01:26:42.435819+00	32	11
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	SMS	67cc92fb-5a4a-5f51-a3fe-08e8a64de59c	\\xb84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63	order-2	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	67cc92fb-5a4a-5f51-a3fe-08e8a64de59c	\N	f	{}	2026-11-29 01:26:42.310498+00	2026-11-29 01:26:42.359769+00	2026-11-29 01:26:42.359774+00	2026-11-29 01:26:42.435628+00	\N	2026-11-29 01:26:42.435628+00	32	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	EMAIL	83ab2c04-156a-5e2f-bf63-ea21554414a2	\\xad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74	order-5	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	SENT	\N	smtp	1	\N	<83ab2c04-156a-5e2f-bf63-ea21554414a2@example.org>	\N	f	{}	2026-11-29 01:26:42.37595+00	2026-11-29 01:26:42.410267+00	2026-11-29 01:26:42.410277+00	2026-11-29 01:26:42.509544+00	\N	2026-11-29 01:26:42.509544+00	53	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	EMAIL	f1592f5e-bd63-5235-b7ad-f0a24a49ee2e	\\x9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b	order-3	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	SENT	\N	smtp	2	smtp_connection_lost	<f1592f5e-bd63-5235-b7ad-f0a24a49ee2e@example.org>	\N	t	{}	2026-11-29 01:26:42.338472+00	2026-11-29 01:26:42.385965+00	2026-11-29 01:26:42.385982+00	2026-11-29 01:26:42.531254+00	\N	2026-11-29 01:26:42.531254+00	38	12
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	PUSH	6044024f-7eed-5d88-bbaa-cf728561aa76	\\x8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc	order-6	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:42.41436+00	2026-11-29 01:26:42.430382+00	2026-11-29 01:26:42.430385+00	2026-11-29 01:26:42.430385+00	\N	2026-11-29 01:26:42.430385+00	70	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	SMS	98ab1272-4895-5963-8092-26af129a4549	\\x8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc	order-6	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	98ab1272-4895-5963-8092-26af129a4549	\N	f	{}	2026-11-29 01:26:42.41436+00	2026-11-29 01:26:42.431108+00	2026-11-29 01:26:42.431112+00	2026-11-29 01:26:42.471072+00	\N	2026-11-29 01:26:42.471072+00	70	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	EMAIL	b10a78f0-ef9f-516e-86fc-f43f8695c884	\\x8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc	order-6	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	SENT	\N	smtp	1	\N	<b10a78f0-ef9f-516e-86fc-f43f8695c884@example.org>	\N	f	{}	2026-11-29 01:26:42.41436+00	2026-11-29 01:26:42.430992+00	2026-11-29 01:26:42.430998+00	2026-11-29 01:26:42.494541+00	\N	2026-11-29 01:26:42.494541+00	70	10
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	EMAIL	7cec9f1c-9c5b-527a-b62d-3764a8c34cf0	\\x9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b	order-8	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	SENDING	\N	smtp	1	\N	\N	\N	f	{}	2026-11-29 01:26:43.783046+00	2026-11-29 01:26:43.80666+00	2026-11-29 01:26:43.80667+00	\N	\N	\N	105	3
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	PUSH	497fdbe1-0081-54c3-acd5-33efc6542d9b	\\xa564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2	order-7	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:43.748766+00	2026-11-29 01:26:43.80304+00	2026-11-29 01:26:43.803043+00	2026-11-29 01:26:43.803043+00	\N	2026-11-29 01:26:43.803043+00	104	4
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	SMS	9cc7eef8-ee53-540e-ae88-14aaa0effc07	\\x9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b	order-8	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	9cc7eef8-ee53-540e-ae88-14aaa0effc07	\N	f	{}	2026-11-29 01:26:43.783046+00	2026-11-29 01:26:43.807772+00	2026-11-29 01:26:43.807779+00	2026-11-29 01:26:43.858382+00	\N	2026-11-29 01:26:43.858382+00	105	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	PUSH	6c81f91f-ec20-5c88-a58d-4d9cc708acb2	\\x9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b	order-8	order.confirmed	7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	SENT	\N	hub	1	\N	\N	\N	f	{}	2026-11-29 01:26:43.783046+00	2026-11-29 01:26:43.807905+00	2026-11-29 01:26:43.807907+00	2026-11-29 01:26:43.807907+00	\N	2026-11-29 01:26:43.807907+00	105	8
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	EMAIL	e1dfcb28-17c8-5c9e-9c52-3891a0221da7	\\xa564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2	order-7	order.confirmed	718405aa-9332-59e5-9d78-c0ed228b1636	1	RETRYING	\N	smtp	1	smtp_451	\N	2026-11-29 01:26:48.571444+00	f	{}	2026-11-29 01:26:43.748766+00	2026-11-29 01:26:43.808058+00	2026-11-29 01:26:43.808063+00	\N	\N	\N	104	9
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	SMS	b955411b-bf56-5c5e-806d-9d7b8bb270b9	\\xa564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2	order-7	order.confirmed	f2c284db-2429-5a81-bb2c-bb20222469fd	2	SENT	\N	sandbox	1	\N	b955411b-bf56-5c5e-806d-9d7b8bb270b9	\N	f	{}	2026-11-29 01:26:43.748766+00	2026-11-29 01:26:43.808173+00	2026-11-29 01:26:43.808177+00	2026-11-29 01:26:43.874549+00	\N	2026-11-29 01:26:43.874549+00	104	10
\.


--
-- Data for Name: dispatch_due; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.dispatch_due (tenant_id, notification_id, channel, kind, due_at, attempt, lease_owner, lease_until) FROM stdin;
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	EMAIL	held	2026-11-29 01:26:42.533167+00	2	\N	\N
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	EMAIL	sweep	2026-11-29 01:27:13.80667+00	1	\N	\N
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	EMAIL	send	2026-11-29 01:26:48.571444+00	2	\N	\N
\.


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, "position", event_id, tenant_id, recorded_at, leaf) FROM stdin;
Tenant	6f727165-7374-7261-8000-706c6174666d/6f727165-7374-7261-8000-706c6174666d	1	TenantRegistered	1.0.0	{"TenantRegistered":{"at":"2026-11-29T01:26:41.790397Z","limits":{"ratePerMinute":1000},"name":"Orqestra"}}	{"actor":"engine:seed"}	1	01a224e9-577f-7b18-adbb-8516489f4259	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.791438+00	\\x80522a4d4b12970fc0bbc433713bc4bab40f98a017561cdcbc4c58d7386f6ec9
Tenant	6f727165-7374-7261-8000-706c6174666d/6f727165-7374-7261-8000-706c6174666d	2	ApiKeyIssued	1.0.0	{"ApiKeyIssued":{"at":"2026-11-29T01:26:41.790397Z","hash":"f6d161c8ba91af38662b95d7991214d83342032e2462668d6fc6f511a02de2c6","keyId":"01a224e9-577e-7083-be45-088fee9f4016"}}	{"actor":"engine:seed"}	2	01a224e9-577f-7a89-83aa-0e4d958ff878	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.791438+00	\\x1a0b57599ca047ee7ccf6022a56e683e192a7a0c149b883936fd6f7afcf6ac20
Template	6f727165-7374-7261-8000-706c6174666d/41e91fd9-a8a1-5331-9258-6acac11d2814	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.816253Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #2563eb\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.info","version":1}}	{"actor":"engine:seed"}	3	01a224e9-5798-7d23-92b2-8cdc98c87fa3	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.816963+00	\\x10d7fd7119d3c30732f5911177ae3809265a04b1e814592218a235050a0e6bc3
Template	6f727165-7374-7261-8000-706c6174666d/48abddc4-f9b6-52db-a50b-3df065994a7f	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.826256Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.info","version":1}}	{"actor":"engine:seed"}	4	01a224e9-57a6-7160-b0da-35f90db0d3b1	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.830571+00	\\xd45cdf0ff992c64bdfa3197f18f1cf2f9f31c24aedde849693bc0156f567bb13
Template	6f727165-7374-7261-8000-706c6174666d/885b0e52-2c1f-5214-817b-a6278a4bdc2f	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.834260Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.info","version":1}}	{"actor":"engine:seed"}	5	01a224e9-57aa-78fc-9e4d-9272c66ae11e	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.834751+00	\\x53bdb8be383df03917805e8d4a84d580fabb54aeca24bc7fe7b0092bba1821fb
Template	6f727165-7374-7261-8000-706c6174666d/7579a436-4c42-5115-8d50-3d9e25a0d2b1	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.837839Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #15803d\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.success","version":1}}	{"actor":"engine:seed"}	6	01a224e9-57ae-77e0-aeed-f1dbb31ffedb	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.838349+00	\\x0590c76155ca6c1cdc6e9e6a4ad8fc18e731e9889e28d01148c66bc7aa51ef35
Template	6f727165-7374-7261-8000-706c6174666d/1189325a-21b6-5620-97da-1f89ece8c309	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.842289Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.success","version":1}}	{"actor":"engine:seed"}	7	01a224e9-57b2-7bc5-b175-04c2c45f48bd	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.842814+00	\\xb883f2b6c09acbac19e6b881dfff73ce00c9cd64b804b12a157908925142ae67
Template	6f727165-7374-7261-8000-706c6174666d/58c525c9-08b2-51ff-aa8f-83a1a5f6d19c	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.844795Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.success","version":1}}	{"actor":"engine:seed"}	8	01a224e9-57b5-7f72-8191-133cb7264bd8	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.845183+00	\\x42f03b52f328c657980f8f2e9d540230176f5b3fbe9cc032d90588fb1cafa7a9
Template	6f727165-7374-7261-8000-706c6174666d/27c3a69b-cfe0-5bea-9a22-24d962107f4a	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.850272Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #b45309\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.warning","version":1}}	{"actor":"engine:seed"}	9	01a224e9-57ba-7bb6-a3ca-05b927b82039	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.850786+00	\\xb29e97157c8414fd4b8ddce4e932799b97377f5bac5170c9a4313c575155b95e
Template	6f727165-7374-7261-8000-706c6174666d/0c9306bc-d78d-5107-8474-14b3f0d321bb	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.854188Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.warning","version":1}}	{"actor":"engine:seed"}	10	01a224e9-57be-7ebd-bbd1-92569f596a15	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.854593+00	\\x911d1f68bf8478491c272d6452dca6559d868db36787fd5b7efb759f8d4e1a41
Template	6f727165-7374-7261-8000-706c6174666d/86cd02b2-4fba-5616-af61-9fab3ac22716	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.858184Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.warning","version":1}}	{"actor":"engine:seed"}	11	01a224e9-57c6-79e6-9df8-3a764ba1f26e	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.862178+00	\\x78b58fc3ec6d3c88a71358212967ae4a4394eb9070e50aa7fe67adcc66fe7c89
Template	6f727165-7374-7261-8000-706c6174666d/f19fdcc6-1119-5146-a775-e865bc31c122	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.866224Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #c2410c\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.alert","version":1}}	{"actor":"engine:seed"}	12	01a224e9-57ca-7911-9edb-5a73bbcc4c3d	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.866733+00	\\xda2d89fa00482980039f451f338e6e5c2d16415394e3a88b164d5b8864bbb50a
Template	6f727165-7374-7261-8000-706c6174666d/c303700a-e9ac-5d8c-b289-e0ad5ecae1d0	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.870148Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.alert","version":1}}	{"actor":"engine:seed"}	13	01a224e9-57ce-7ec6-892d-37ce204e1648	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.870584+00	\\x197b75721df2ee9d5f9af895f0dc5523fbbb3f7babd9fefcd0cc1e67b557285f
Template	6f727165-7374-7261-8000-706c6174666d/61896b54-0275-5531-ad21-f6f24e874165	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.874204Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.alert","version":1}}	{"actor":"engine:seed"}	14	01a224e9-57d3-7be1-bcba-b08a8d56ec73	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.875006+00	\\xaa6942d3baaeb3cbc69d9e329befdff983cc2a20d9a3bffa86dd773c089b0c17
Template	6f727165-7374-7261-8000-706c6174666d/898fdab0-225d-56ee-839d-d18a957b09f2	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.878202Z","channel":"EMAIL","content":{"body":"<mjml><mj-head><mj-attributes><mj-all font-family=\\"Helvetica, Arial, sans-serif\\" /></mj-attributes></mj-head><mj-body><mj-section border-top=\\"4px solid #b91c1c\\"><mj-column><mj-text font-size=\\"20px\\" font-weight=\\"bold\\">{{ title }}</mj-text><mj-text>{{ message }}</mj-text></mj-column></mj-section></mj-body></mjml>","subject":"{{ title }}"},"eventType":"global.error","version":1}}	{"actor":"engine:seed"}	15	01a224e9-57d6-7753-9ad8-9e721a4ef093	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.878672+00	\\x2829bb85db78bbf4937e05240ae73e6074de262d0005c992014c6210f0ab1cf2
Template	6f727165-7374-7261-8000-706c6174666d/11603afb-542f-564c-94f6-57b7f143b955	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.880224Z","channel":"SMS","content":{"body":"{{ title }}: {{ message }}"},"eventType":"global.error","version":1}}	{"actor":"engine:seed"}	16	01a224e9-57d8-75b5-a785-a467b2d0f6c1	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.88059+00	\\xb46d2450bade673f598d932355bc33aca3a0daaba8783f7e0d6798bfb40b1e46
Template	6f727165-7374-7261-8000-706c6174666d/2cfb49c9-d452-59a7-b21c-15a2b3acb0b3	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.882168Z","channel":"PUSH","content":{"body":"{{ message }}","category":"global_system","title":"{{ title }}"},"eventType":"global.error","version":1}}	{"actor":"engine:seed"}	17	01a224e9-57da-7dea-8329-a0df67c320b7	6f727165-7374-7261-8000-706c6174666d	2026-11-29 01:26:41.882538+00	\\xfa535fc64b3df4d4e71d5244d2338d606e5913d063570f6c4f328eb0b0bda4f6
Tenant	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/31bdc6f2-75b4-5c4e-8ad9-923afecc2734	1	TenantRegistered	1.0.0	{"TenantRegistered":{"at":"2026-11-29T01:26:41.884797Z","limits":{"ratePerMinute":1000000},"name":"YourTenantName"}}	{"actor":"engine:bootstrap"}	18	01a224e9-57dd-7d59-95c7-85338f687200	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:41.885241+00	\\xd1d19a535a6c09ac70a19c8450ced33d3452884f5e3e46bc3aedae7634e9f49a
Tenant	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2	ApiKeyIssued	1.0.0	{"ApiKeyIssued":{"at":"2026-11-29T01:26:41.884797Z","hash":"484891f901f1d9dedc5131d9f979db03bfc394a8e238b2f63ece25e9535e59c3","keyId":"01a224e9-57dc-792b-89b1-779005ae46f5"}}	{"actor":"engine:bootstrap"}	19	01a224e9-57dd-70a5-b34b-ba1c9f426ddf	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:41.885241+00	\\x047c8e591a2b890789d607a86c0e1e038d5b1e7bf57b13aee22a9be0d3a0f3e2
Template	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/718405aa-9332-59e5-9d78-c0ed228b1636	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.890200Z","channel":"EMAIL","content":{"body":"<h1>{{ title }}</h1>\\n<p>Your order <b>{{ orderNumber }}</b> over {{ amount }} has been confirmed.</p>","subject":"{{ title }}: {{ orderNumber }}"},"eventType":"order.confirmed","version":1}}	{"actor":"engine:bootstrap"}	20	01a224e9-57e2-76b1-bf6b-63ada02beddf	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:41.890571+00	\\xc50a3d7bbaf9711ba0fee2f9d8d5fdb13ffb279007cfd142690ac80260176569
Template	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/f2c284db-2429-5a81-bb2c-bb20222469fd	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.894180Z","channel":"SMS","content":{"body":"{{ title }}: order {{ orderNumber }}, {{ amount }}"},"eventType":"order.confirmed","version":1}}	{"actor":"engine:bootstrap"}	21	01a224e9-57e6-7764-87f8-b67c3598a041	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:41.894538+00	\\xf14de3c638ce3bcd490f85d806d73ff077eb1de855fc59668d3a850a76e3de3d
Template	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/7132e5b3-cf6b-5865-89ed-d3abc88c7840	1	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:41.898123Z","channel":"PUSH","content":{"body":"Your order {{ orderNumber }} has been confirmed.","title":"{{ title }}"},"eventType":"order.confirmed","version":1}}	{"actor":"engine:bootstrap"}	22	01a224e9-57ea-71a2-aaf4-1e4d89a55e8c	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:41.898534+00	\\x9c0e42468dfd27fe27168f230c79aa907b2cda750bdd85a7b2416e8192986370
Tenant	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/31bdc6f2-75b4-5c4e-8ad9-923afecc2734	3	ProvidersSet	1.0.0	{"ProvidersSet":{"at":"2026-11-29T01:26:42.231666Z","channel":"EMAIL","providers":[{"from":"Shop <shop@example.org>","host":"127.25.29.48","kind":"smtp","port":2525,"tls":"none"}]}}	{"actor":"admin","requestId":"01a224e9-5937-7312-b118-81c01db27534"}	23	01a224e9-5938-7756-9976-4afb7001111f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.232463+00	\\xc0dd11aa20d3261c8f1cd695ce0b29e618d077f425740ffd60384dd84129d9b4
Template	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/f2c284db-2429-5a81-bb2c-bb20222469fd	2	TemplatePublished	1.0.0	{"TemplatePublished":{"at":"2026-11-29T01:26:42.250073Z","channel":"SMS","content":{"body":"{{ title }} again"},"eventType":"order.confirmed","version":2}}	{"actor":"admin","requestId":"01a224e9-5943-7b7c-ae27-323d9405211c"}	24	01a224e9-594f-775f-95ea-88c3562ca02b	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.255924+00	\\xb09fb618e89707d2ffcb7e9682cf45d67f66c446c7043627f8005a760c685128
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.262275Z","eventId":"order-0","eventType":"order.confirmed","fingerprint":"91c587f0cf23535fc0ad23b8ed6868ba0b3da87a843a66d012a2abb11a13883d","plan":[{"addressRef":"f42aeed1da3b4b396fabc8e2d8c1245d09f6fc766e4dc447159d6f7c4c9ef5ed","channel":"EMAIL","deliveryId":"2fe05c24-1371-5824-b76b-f62235da53bf","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"f4767bd1d6ba303a0368b63ff7e08e6ee9f2dec07360d0280639f30c990e2f18","channel":"SMS","deliveryId":"e0346d34-8771-5fe6-a662-20530361854a","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"0bdb3362-91a1-553f-bf63-4fedc5f8fa4f","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"64LwDq8wMZ5cyaBP/zxHsmWGF/hm4K01Dr3Cb3Y9CMO2sVkiImvTqJUMwoB4O0lCkoaMCeZVMkP6W1/LePKhdHG2Qu0qw0kGy0E2grlZbi91vsc7pVNLyKHq6QSq73Vzy1DN0g==","keyId":"e8ce96b5-1ba7-463a-a79d-795c1f10114a"},"recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae","tenantName":"YourTenantName","variables":{"data":"/XnU3eldogsMVQPjWv3v+KNrkSvBpKcKKQ+te8ArVCKlwlJq36QHQ3MEjqyJA4ETauF6QHIUM8sCmgy/SQQ0oGb9DPEq34DcfYkS30E/AVBtvPX+Vnot5Q723qHD6gU=","keyId":"e8ce96b5-1ba7-463a-a79d-795c1f10114a"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae","requestId":"01a224e9-5956-7473-8df0-fa89cb43ddae"}	25	01a224e9-5956-7511-ac76-f37a3490ceaf	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.262565+00	\\x8c0290f852310ada3e8472a66a20f7d47fe50fd37d9573b882bf93de350b7492
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.278109Z","category":"orders","channel":"PUSH","content":{"data":"sNYINqCQt9uqnu3Xozp22Bne24jijO2rm3BHmoBEH1nWYlsOez3K2LeGOuOZnMHIfzwPaVVGPeoZ1uvq7EV0wZLKrefOwtM+OkDsFo7c8naNvo2hbcUuxhV7sbrkEa8nJ36WHE0=","keyId":"e8ce96b5-1ba7-463a-a79d-795c1f10114a"}}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	26	01a224e9-5966-7c63-a1fc-df70a5dcb73e	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.278283+00	\\x4d2012ea7f58efb9c450316ed0b1caed4bcd65e0ac7d277db67fef64de6188b7
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.278113Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.278113Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	27	01a224e9-5966-795c-b14f-7fcb6b1399e5	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.278283+00	\\x5335d635dd4cec8e71000b55e7eda17bcc1bf617b298f39b6827d2b37b36f3f9
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.278113Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	28	01a224e9-5966-7934-9122-46309a33b803	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.278283+00	\\x990891f12b0a758024ec9473801f57423bfa7473bf781d2e7fa4522bd22adf58
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.287734Z","eventId":"order-1","eventType":"order.confirmed","fingerprint":"ad306564b0d01aa61d2142152e8d6b7d2d169a67dd0cc1483e54d236ca37ea64","plan":[{"addressRef":"f2ff6f7be15697b2ae7d79e53e1f46ed3115ef3d81080ec323e84f5c1765ea04","channel":"EMAIL","deliveryId":"b08fe620-ab64-56f6-8a1b-f4401cb17c88","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"e388c8f2b68118a622a0d255bad3a83edb3d5787192e188c0a036fd6a21699d4","channel":"SMS","deliveryId":"2bed18b1-8636-55e6-8365-c10575d878d1","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"17f90d89-f2fd-5819-8f8a-df63257cdc76","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"PCbpQMuIZmnJUSPvswRAhyI2ZrjmzQqGzGNVa3aPenFB8mzczvqYrzG9IdctoXu97q/TBChAPCF6sWD04DSA0X7ffh6SFR8v3NJ0rBM5xuljd5kHzjdpVEKowRvtYmFy5XB9IH5Ms18T","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"},"recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210","tenantName":"YourTenantName","variables":{"data":"BAogbZzGYoxtKR0KnzIRC6mVbvf6sVuY87yykVF3OvEpJpO+bBx2QHMgtdb8ZoO5U/GIM833Ic50yyqyCOf1ZZiWKaoZWH06JazT5qdCas5tUknTI1jGlnTNrt6MLiU=","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210","requestId":"01a224e9-596f-72f4-9c17-318d82526487"}	29	01a224e9-5970-7d5f-aa83-f15a24467da9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.288032+00	\\x3c573ee4feaa09c5249c02878fa93cfb82b112e9890423f3d3361dae280b8983
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.288674Z","channel":"EMAIL","content":{"data":"iNlKoXJ+j0+9czGtiSR3NIDIHahJTtj/OJaR3qGkZvTCizXqoFjp0oBUVOcD6qYKrJWflYZPIfIbTkLnuQvzer8I6Ms/jG7Uvxzkz0Tgd9C6zzSntc7JhNLL337JuZyYehnJOwRzErgrQTRGOLPIpQBb/dlmeRAZcmz49jTcQPVl1uYQ4TjLW5LEdg2+1mqjbViRAKZ3qBhZljeT0HS5SSM7Zmy34yWMjwP0Dh2QgwpmCzpdmzDNFcca45COc/yqmjqu6kbQYcWszpxrAPWi1PjKVLm/t1SEMPxwZ/RByHmprpqlZ5E0Gk30P9UW1jU=","keyId":"e8ce96b5-1ba7-463a-a79d-795c1f10114a"}}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	30	01a224e9-5983-7118-9388-45e7a4ad8fff	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.307191+00	\\x1651e415f7ed3fcd25f1bd480da19f0d1120b784947087702fd79448fbe75146
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.288685Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.288685Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	31	01a224e9-5983-7958-8d87-195feb6468c9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.307191+00	\\x49ee694b89bf7b51c101adb1b53c3cca699f6182825eb1039701eaa3bfed4440
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.310498Z","eventId":"order-2","eventType":"order.confirmed","fingerprint":"2ed1e71862f1180512d48763c2e8d2402ba7c3af22ec1d8f12b6950dc1f82cea","plan":[{"addressRef":"67bcd70986497df0e3eec78a8f0c28cf9601136665164c8e2a478f4a1e977b4c","channel":"EMAIL","deliveryId":"9a8b59b0-e54f-5141-b3f5-3454ff5526de","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"6235536de7474241ee21be8376da453a6895f90550f5c1fb012cfdc152f43aa7","channel":"SMS","deliveryId":"67cc92fb-5a4a-5f51-a3fe-08e8a64de59c","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"67aba363-276d-5b9f-880e-7892c2b329d9","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"H6jDky4KXRyN9ilp8hScZ1curXS/pBurgAPsdquGRwDkuMIgBIhDnrQOh/3Tf1pjAgsnhtwDacqVCOA7D39I0k5V+Bpf3bAgaSvv4tiWR7Qk+3fRcu6Au0hTEAe2WGr+VtbsfluYug==","keyId":"b314f8d3-9ee8-45cd-87d5-6138726a1e2e"},"recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63","tenantName":"YourTenantName","variables":{"data":"8jMkOb6S2unNr+4yl7SATM0dhAjb4lJQMA6hCT6/DkYCFNvJ88O4jelA4ioL8B5LLgbvlYBPEtb6XxJeTJWwwnEkZ2lUhnbhPPK8kNcsCitf9I5Xqs2joiCiNWJyMRA=","keyId":"b314f8d3-9ee8-45cd-87d5-6138726a1e2e"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63","requestId":"01a224e9-5986-7b3c-b1bb-64e277bd15bd"}	32	01a224e9-5986-718b-b993-6e69c921421b	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.310745+00	\\x3823e823860d67e2beb3d241f3d534f2e6fb8e81d6854708ab3c7597505e9f62
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.288901Z","channel":"SMS","content":{"data":"r/QA/GayyL/ZbW1tmIptPKlv2GyV2ktDUqVVPPDOwDcu46zzC28Et7ceZ8s7mEQXcQKza80ST7Zuj//C","keyId":"e8ce96b5-1ba7-463a-a79d-795c1f10114a"}}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	33	01a224e9-5988-7c5b-abee-ed7cedfbf675	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.312233+00	\\x905f50abbac4008721366b504f3eb62988897f6e67a9a574a13c15980ba24e74
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.288908Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.288908Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	34	01a224e9-5988-72ad-9a98-71ad2322e181	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.312233+00	\\x8a09e1a14642ce7b2cf0b421760e367a554a5e394c2690bd47c42547e03fd386
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.324664Z","category":"orders","channel":"PUSH","content":{"data":"aBgVph5FYrrqZTXPgXC8GkZdPR/QzofRTEq+PVN7ZzxAvWqlwAEhxxmS4WBieuudQ8UZBxLXu0PX71dVbTRNKM14P+ozYTpo2paYttV5nLd0LzKkXwo1ZwqgJq6tnt1LfW8aOh0=","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"}}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	35	01a224e9-5994-7a50-8759-9bf2357aa419	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.3248+00	\\x0752238b39b3b509158240dfe386776d88f93b07b9790ca88d19efc3ce7f10d2
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.324667Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.324667Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	36	01a224e9-5994-7188-b86b-b6a77e719202	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.3248+00	\\x4d9af5e43231ba2ca39ec2adcbda20fcfb2ab980550e0b3cc8511de9f2b2b0ad
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.324667Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	37	01a224e9-5994-75f0-857f-46595cab859f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.3248+00	\\xd66e6f6a64932091bef9e005f2410facb43ade209601f2b86565686482aa87d5
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.338472Z","eventId":"order-3","eventType":"order.confirmed","fingerprint":"ff24259d838954f40f74d282ea5f66a9b19d1894201dc833f40881c495eeaa4c","plan":[{"addressRef":"154369f31308adf8c1f97995688f93f2351ba7dd285c3e5ad21e6d08c405f8de","channel":"EMAIL","deliveryId":"f1592f5e-bd63-5235-b7ad-f0a24a49ee2e","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"94fe447232bdc0f2245220af7950364760e3efbd778eaa29f3d07ddb0d3f70a0","channel":"SMS","deliveryId":"5c58a01b-88f6-5067-8f7c-4b4b018710f0","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"cbaec3ac-907c-54cc-a8ca-900827fd45d1","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"Ib6TWIQMODJZvucnWivy6pbJmvBgD6lnzzsnDunADpyPqZmgcHJ2dXYp7firuQD4VAiYCm2J7yToJZcAC8PO4cZd8wFL63qECnr5jW9614wLohHl1/SntOIipbcMipYjHitZb/s=","keyId":"d4c57706-6953-4bba-9311-19480be02ed9"},"recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b","tenantName":"YourTenantName","variables":{"data":"W9YqDrmMUiknOe6b/gPn8QfswF2MHRZcVHgXoWUIR54+OcsTRQIglXomW8E//8Hwfj4uSzxzPo0rWU/NZ6iWyu5e3Opd1A5Y/y+/94mpB94pYpLd4e2bz60oX0yWuuA=","keyId":"d4c57706-6953-4bba-9311-19480be02ed9"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b","requestId":"01a224e9-59a2-73bb-8735-a6b035779709"}	38	01a224e9-59a2-787b-bab8-ce743406b69f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.338744+00	\\x04798458f8c9956a0cf2398523790c91da8b63171bc6b25dfed434f75ce515af
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.325487Z","channel":"EMAIL","content":{"data":"IN6tYWK+fztQvyAMgxi50fMS/YBqig3StXTnPbf4h6KSJDRtqWxhN+Tbxp34UZgO1J09N6vUSHmu7PFCOStuKaxYT9JD8qwHDjYDbKowALegk0RGM2JFqAr/PC+5FZe/riNvCUuAUekNjcFFIHMfZ0wMj7SGgJAsmPyE/6jwiUs9d6RnUmFJCDwnrmiQ5c0/U7l4AiQRRXMxOhmqM9RkkW+0ucqhbXUataQhspnwZreC7r2p1z4+tFTiO3wBb0DCtz7ghhu4joyb8oFpD8bBvbj0h8clM8gUIN5Q5x6E6GmxTXkDixZ4NxOeN96qL7o=","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"}}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	39	01a224e9-59ac-7a9a-bcae-87be2c7d92c5	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.348996+00	\\x723ee6ca6ede9bd0083cb8741b602a55e2db06295dadccab22544f1d666a842b
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.325495Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.325495Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	40	01a224e9-59ac-7bb1-8f49-350697e87238	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.348996+00	\\xb7770a4fb03f0b040bdab637b8f8549e1f8b4d75b8f29603f16c37d52b8c2172
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.357534Z","category":"orders","channel":"PUSH","content":{"data":"VJWu/ZMnt+uN4K0NR0KBPlWZwOtj9bqWJqkrrkbwhnZ/j3lbDe/vjy8ZQ/d1ckNXGHbuk2r6c3pjz5OHKKKoUy65ucuxnYvaAaCFWnKjxG2EvA4lU2XMFgFB/H5in65YAaOqu3I=","keyId":"b314f8d3-9ee8-45cd-87d5-6138726a1e2e"}}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	41	01a224e9-59b5-7629-b6df-267033b01038	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.357733+00	\\xd361cc57346c342b3614c0f6430c6e4a8777852dc84990ec542c06ee706e2759
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.357546Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.357546Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	42	01a224e9-59b5-7469-a0dc-9ebc78af17ac	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.357733+00	\\xd464305b5c3ee8e0433c313aed984bbf97cbff7189390a6e9f8b117c7a17037c
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.357546Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	43	01a224e9-59b5-718a-a2bc-4977ee53761b	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.357733+00	\\xd68bdaac8f52eaff253f7cb0b49849a8228faf715cdffa45e80058b57c29d974
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"answer":{"data":"9zE2F4acTgAnOfFQg5GOAktGGZxDHJWYDtAovIIRyRj51g==","keyId":"e8ce96b5-1ba7-463a-a79d-795c1f10114a"},"at":"2026-11-29T01:26:42.362651Z","attempt":1,"channel":"EMAIL","provider":"smtp","providerMessageId":"<2fe05c24-1371-5824-b76b-f62235da53bf@example.org>"}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	44	01a224e9-59ba-75e7-a517-87315fb05257	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.362778+00	\\xdfce611db7c112ee5299687f1c23ddb5e5f7a30d5e2446aef9fc3a28504f40df
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.359634Z","channel":"EMAIL","content":{"data":"jO8QD5DGUjQHATD0w37Eps1kFK54JJ2+vm8DwTdbuMfpppsaVpW4zViBtYz/wepaMsm8q7pnU/3PlW5Qt9Pai7futMZdm3QL+LlEpJHupFftlRKvrwu/PS7bSf2cMD+wfprRbHXXHJGI7cTdpRshLA5r5qle315n+b1sheO/DgOXUibWX0SFpSMTIsUlDYio5F10nj2ZgxUJg2PqUxy/bP99g/8LngIAFoBi4nEsx4ok6cy9EilMW32GrjiIC65BXn46IWUyPX84rsUoCdz49A7fzF1+BTGFFNLzeUz1gAft+OOJZ5UKyCXeVSnmZ28=","keyId":"b314f8d3-9ee8-45cd-87d5-6138726a1e2e"}}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	45	01a224e9-59be-7f40-8a7b-92c5d5db94f1	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.366975+00	\\xb6a4490291960d8439d9dbfb34a6ec66bda3f31c10885ef4a69b83d2eb666325
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.359644Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.359644Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	46	01a224e9-59be-7374-b95a-463d6edbd6c8	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.366975+00	\\x3b65ea18fcea6c9077fb757d05b680353b76147c54e473ad5bb8b8cb839eb0c4
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.325661Z","channel":"SMS","content":{"data":"Z3jozd6+eVxaFGrvsXTlIAvpF199fQnKk28SqeGyNnTcmFv6+MvZu+CQaNm2UcLer96a4yc4T2+ivaLs","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"}}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	47	01a224e9-59bf-7b09-a52f-7519d37c0fed	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.367298+00	\\x6d12d118cfd1aa3159f957bdc3afaf64fab61bbaf7629e71ec874b08e080fd2c
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.325666Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.325666Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	48	01a224e9-59bf-7c84-b987-5f8460a65f70	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.367298+00	\\x747dc4e452d1d9419ace70810bb7726a41ecbf1282eea53bab38a3a56d585c9c
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.367674Z","eventId":"order-4","eventType":"order.confirmed","fingerprint":"bfc9dd15374832082b6b0b7bfebf328ab0afa6c7eea34abdc74ddedb5920df82","plan":[{"addressRef":"30499903780e0bc0fdefe9f0b6e17dd3cb74ed77731830e79ec6152140833c09","channel":"EMAIL","deliveryId":"60712e71-489f-5d1a-bc67-f9296d2abe60","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"81f2d41229bbf89cc178dd34c77ab41bad49c34a956c0977f423b5f6345c14f4","channel":"SMS","deliveryId":"aec304a2-61ec-55a2-8c98-108701ed85a0","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"5f669fa0-5a1b-5eae-ac05-e983feb9523f","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"VEedcvjLF+zOmYTuE+CwoOASaXa7TSUKcEvjzbzD5n+2cgEvqmZRtTRMG9g9p2M4s/V2eN/Qvf7Ls1cxVBsETzdJqC2n6T7Q+INNwWdopCI8ZOQN0l0ioLIJw9wIiRlCDJKwKrc=","keyId":"07f6be4e-e482-474d-a7f4-360fb862cc5c"},"recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b","tenantName":"YourTenantName","variables":{"data":"NCshCx4UAUzzBpQ3QKp+q3vNC0CAIuyqlSN43XSX4ciE2hzJmgD1T16R6jf9FUteWA84cVwjP4l5W9wORnEuWxylfoMKRMiExc/kmbsIa2B6v9IAKKeVGQWrxEDs4/I=","keyId":"07f6be4e-e482-474d-a7f4-360fb862cc5c"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b","requestId":"01a224e9-59bf-7c3a-9ce3-7181aaa933d7"}	49	01a224e9-59bf-7322-908c-feacad06abba	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.367889+00	\\x42fecc88d8acc523fee95358b77d5c623b230142856457028f25ca3f131322ce
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a9c5c584-8b4a-5c37-8076-f93573478d40	10	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.370110Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"e0346d34-8771-5fe6-a662-20530361854a"}}	{"actor":"engine:dispatch","recipientRef":"91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae"}	50	01a224e9-59c4-74a3-8f47-3ab20fc3cde4	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.372184+00	\\xeac4f0563fd233b5e62902356d4b8eae2c570e5a8e743ae4ae3e2bc42f607ee0
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.359769Z","channel":"SMS","content":{"data":"eglWqwz8GkrijSq0vMXEYqgEvxb4p7Yya7vDHD7mVP1m0g9kcXlS7x0yw9cuD5dmWxulikbTM4i060a7","keyId":"b314f8d3-9ee8-45cd-87d5-6138726a1e2e"}}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	51	01a224e9-59c6-72bf-bc88-b790149c0d1c	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.374648+00	\\x40caea74a25e90d7f02d818e5929e55135452f5be145f3692856563d4d196989
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.359774Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.359774Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	52	01a224e9-59c6-71d5-be58-1afb90cbd06e	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.374648+00	\\xc6c602a666506f51daa6e15acda462fb82ae3b7c188bf4a19ef4cf18d93c441f
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.375950Z","eventId":"order-5","eventType":"order.confirmed","fingerprint":"67d48ca2ae9f888ac8e9c05ddfc9188c466ec3ff87cf09c301f8f6b77d53c8f2","plan":[{"addressRef":"510c194911482db06a0dda89eb9afac75cdb515dcf933842eea8928e30e791c7","channel":"EMAIL","deliveryId":"83ab2c04-156a-5e2f-bf63-ea21554414a2","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"87a1d5979e2e997f1baf0045fe02510009bb43d047c023d877fe90fc069e5f42","channel":"SMS","deliveryId":"9ee6b6ad-8d2e-5727-b05d-cad62d3f5e90","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"5273be10-304f-574a-a485-33c175408b40","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"8ZrDPDMhgCwrdtA1TmygQBG3hdw3chjfxSR/tf2sNzDbCthvQNWA6jH8LTmswWmc+f6F8+MN3ovrHfiFKu5Fd1XlSL+b+0x+bZbF/Po939dCP2dKMMNuEBphSMJgFSK3SvW0EQ==","keyId":"66932613-17c5-49d7-8261-33c79ac1867d"},"recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74","tenantName":"YourTenantName","variables":{"data":"Akys4fw4omGj73dLSE4dTnvUjVIHHMXP+Z/gjR9DLWJkxt8WWl/QFEhVcqNLbxVOU7P2V9Q2/dOxnQB98Tr5uyIgYNmDfG6vaXpWDEV7e4t+Veeo3bYwiLiGB4MKjHk=","keyId":"66932613-17c5-49d7-8261-33c79ac1867d"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74","requestId":"01a224e9-59c7-76b9-95ad-8d59cd18413a"}	53	01a224e9-59c8-7bcf-8f0f-ae6d1b47df58	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.376156+00	\\x16d28edc76896e3950ceba0214d738689fdeb695b8bb2c6f085f991ed715faf8
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.380936Z","category":"orders","channel":"PUSH","content":{"data":"lTxWFRj157+UU+Z3KAAfsEmf3TrKkygGrCH24uHrkB0Euo/cPVoS5QcfUVifUTZASf2oPZnMXhqq7MaTafWmzvpH3G2r7f02O9j/iaXpzIi2bnDFJOKrfVLh7sSfstLS0WLSrNs=","keyId":"d4c57706-6953-4bba-9311-19480be02ed9"}}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	54	01a224e9-59cd-7518-a299-f7d2e2fb5b04	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.38104+00	\\xe614c380b3711336165eeff22e096d47662b534b89d8c62d5fa8f7f430d9d2c1
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.380939Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.380939Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	55	01a224e9-59cd-7e10-801d-329f3b273db9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.38104+00	\\x10ae77dcd46c75c97b040ee26fb69026ef93e6e9149d3aa0fa5d18b509d187b0
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.380939Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	56	01a224e9-59cd-77b7-b7ba-0e6b99c21153	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.38104+00	\\xce7209c88208de1fbd77dc0a4456300af758b75da06cbc0724fc1301a3493e90
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.381368Z","channel":"EMAIL","content":{"data":"Da2TGW5egDE4iOjjEoEdHPNbIXhjHfjUiy0u3LOApmMbV7ea5fV6nyVVDM85BdFMFHz6YtgcjDZp5KnSdQKaACp78MD4kXxsdc9fhbOtzGkOMA3dsmGyrIY8fL9V13J84lEVZkRKoR2Fp8NeoLMcXpWLM56IStTsmHOMgG1L84HjE9mIshhlC5BYx8tZn1QQDCFs0a4zsOvCcHJNia6+dwFtStjO8gvwKmolQlDcw+OwOXZE1EAjsh6Bu7tvnOgFbajyh/06izhwU8GtU/U6iAz/P4OmhR9TqaVecYUqT1262VUYAwEbLDBE/sOISnA=","keyId":"07f6be4e-e482-474d-a7f4-360fb862cc5c"}}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	57	01a224e9-59cd-7c99-8a2a-40ee44b19872	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.381454+00	\\x796630ebadc3cd834b5ae1475ed33f192cb35aceff1d23955b095738e3b4c81a
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.381375Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.381375Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	58	01a224e9-59cd-75a0-9583-d501f3872ecb	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.381454+00	\\x0f4fbd0e4cda06411edc9636333ef97506e182e2cbeb427406b993cea92ab87a
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	4	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.381607Z","channel":"SMS","content":{"data":"YeWwlSDWMrOTOOJ4vXKjGekDBWYpcA3e/mWdH9qqRdvL38adRzScCmLAfxopiJND6rlm0QGTczK5C8iy","keyId":"07f6be4e-e482-474d-a7f4-360fb862cc5c"}}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	59	01a224e9-59d7-7da7-8b59-d8800c2896c1	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.391042+00	\\x3420bdcb87b74be135532ae862722147bc9e0bf368e20bad9c8c6f77b2eef7bc
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	5	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.381612Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.381612Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	60	01a224e9-59d7-76e1-b1d8-7990d634918f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.391042+00	\\x3fdd35e91c30e3d25e68a701c5f28c08195a77b001e7c5c00e2c5ff35c163cca
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.394149Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"2bed18b1-8636-55e6-8365-c10575d878d1"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	61	01a224e9-59da-7360-8693-85c6a72ce6bb	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.394244+00	\\x9db59ee37092d2d9297ed11977e80ed5bef6cd30dcab94e6385a0970ebfa6e00
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.385965Z","channel":"EMAIL","content":{"data":"liXfjOWu/8XjtXch3El29STHPXG2BoFaYu9A2NkodhmeOfToL4aL8MheniMEbtfj5EiblJIrZdZqKi+jGFQFhfMj9DK02ZAUUYfL6/gu4XvAvAAwTtsf2XzLQVX5u+/82Rjxyzna8luPLO5rhR8poE95PYqKcJoWRkY/7nRwkVTI0RMkNMMOK/quRPHEhd3WSXM6R/sBQIcFs7qRm26BuBgZAc0SuVdjsGIhpo9v7OxFo+tSSqljIDkqjATw1O1r7dWiYXeQnRtRBMPU3pXxzkOWCOjRn0yZFNzAl4itw4EVDeUQGG6p0Oe6663Y6M0=","keyId":"d4c57706-6953-4bba-9311-19480be02ed9"}}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	62	01a224e9-59df-781a-8bde-f60aa33dec1c	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.399966+00	\\x83d06ec567d2b82c94c0413f7813ce9035968eaebd325ecb802a16ce89e3f1aa
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.385982Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.385982Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	63	01a224e9-59df-7404-b717-5d6c4e90592f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.399966+00	\\xec09c61eaeb9587d22cd46a0e10746356b81d04e10014b5e4f6c90a6966bb458
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	6	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.381726Z","category":"orders","channel":"PUSH","content":{"data":"AYSX+dHHkgHMdAwA1tBZkjfWh6SlVum6J73qeUPfe6tm0Fq2VqzixcWsFRc81XBpTJy82kk9vJ8JeJ8l1FKlMa9ggU5EDtMeYLfV/gTy7tOQuSdkqgC8LYUsugBmcLgB+g1Wa5c=","keyId":"07f6be4e-e482-474d-a7f4-360fb862cc5c"}}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	64	01a224e9-59e2-7c04-8f24-ed8a8174b301	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.402239+00	\\x76ed56b128d68e8eb0b906c8c07980add7bfa2f7313fe86acba91fe1cbca1674
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	7	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.381728Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.381728Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	65	01a224e9-59e2-7250-af9d-125b4c8fd8dd	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.402239+00	\\x2aeb34918c46405a9294510c80f5157637ea71c63d49ac78067c83820d87c9a8
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	8	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.381728Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	66	01a224e9-59e2-7087-ac60-d437345996bd	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.402239+00	\\x232e2e298b293ebab43c02cb3bab2c04212f6cd275c4cbeb2d47462f4e5ef603
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.404930Z","category":"orders","channel":"PUSH","content":{"data":"pgnl52IZWJfkjRIFiCRcLteSH5fu9225XiEP8H2SUyuWuPJZ5x09OcbrOXYZ6zPtGw2hKqKNZCXaHW800IDVUMmo0QKllZASnpbpiO2GdIyI1SN6AX9CHRLAA9Psd4Nh4RCP6zo=","keyId":"66932613-17c5-49d7-8261-33c79ac1867d"}}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	67	01a224e9-59e5-73bb-a0ef-fe38a90ca078	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.405019+00	\\xfd5a1673f5bcdcbb07e9781eee041473b09b3948415e8d06224b22b3879d8db1
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.404933Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.404933Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	68	01a224e9-59e5-78d1-81a1-91191bb6d39f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.405019+00	\\x884d1bd1c2af1fc40a9ad371bd609213f0dd60e67ab9a896669eda5116c4fde6
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.404933Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	69	01a224e9-59e5-7a07-9e97-583f8b26bccc	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.405019+00	\\xb4f76801a8d8cc7c8bb4ef8e0e7f53e2a794e45077be74a73fa9fa796a1a5365
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.435628Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"67cc92fb-5a4a-5f51-a3fe-08e8a64de59c"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	81	01a224e9-5a03-7a65-bbd1-ba0232fc7df7	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.43571+00	\\x3325d7a6e46d0c98d1d972f3e2fc5a31b6bf40839e31d5b78998c8c3cad21fc2
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.430992Z","channel":"EMAIL","content":{"data":"CmrPrMnNkZeUyLcrVbSrNi3LeA5mqgddsAKp7d2/rrR5ITrG1SPDS0wndanoX25cc8wObYDaBMf/9Nfydf0CwTNAvG64vl4golXpeBNnmQNUfzc+XfwfosNf1kGX++oLrkcMvKymksIS/cKHbhMI8jAz7cDb9zexhCAEzXE9EenV7SaXGtTEbPbDJYZJF/+Zf2BqK2mZvO1ikXzxQAd1LwRvMGAR6nnVU14v4dB+QZu482LkJK6VMpYLkN1dcDwP56LWYFuznu74Dugfvtjn9bDq6jVVfG8D96lt+Gnfd7gKMDqV+sZPUYKWmbibzYs=","keyId":"ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b"}}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	82	01a224e9-5a06-7399-8946-33c60569d7f8	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.43896+00	\\x3bb71e815fbfea97bce7b640efa4eb66262137711a0c83c07a32e0e908d8d5e6
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:42.414360Z","eventId":"order-6","eventType":"order.confirmed","fingerprint":"11b2ef10d3f8ccaa3dc6e46e3fa20c198ea8e537d9c05106c828b16ad7a97b1b","plan":[{"addressRef":"b7c071c6354bc1727e2653aac253131dfb5466eb06d55d57b15523c6ddfb792b","channel":"EMAIL","deliveryId":"b10a78f0-ef9f-516e-86fc-f43f8695c884","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"af1ddcb78e2d80e101f797de3527e6c4b63f2fde922e8683611ea9a78506500f","channel":"SMS","deliveryId":"98ab1272-4895-5963-8092-26af129a4549","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"6044024f-7eed-5d88-bbaa-cf728561aa76","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"AF5niHCbB7wDn4Pb32RyzWVSyUWcmzPS7gY9JI6CK/dszhBSnCDnu/uEuHfVcm5C7uZRaRkpOa9AR5DD7BAxSbV8tyAeO47ijulD5AMm1lg+RKm3NmbUKMgysZXkgVKaqAf2JQ==","keyId":"ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b"},"recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc","tenantName":"YourTenantName","variables":{"data":"DGK0dFZjMo4btfdHtC+XXttFCB40Q4/3y3to49PlctCmT8IvdJx6RuHn8EbqvBMR+yfnQI2K8cvbbotdJi99U6rQZqICmpa8foe11jQaJE2gG1cCHjHyIgBHtZMva9c=","keyId":"ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc","requestId":"01a224e9-59ee-7b8b-a3fb-bbc6d4a4a1a8"}	70	01a224e9-59ee-767a-932c-23c8ddd63f1d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.414622+00	\\x2e868678d7f3e485c11d82c0c6c95618ee2119ecd1914bbb2f26c5f815eb817b
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.386155Z","channel":"SMS","content":{"data":"GBoCdMgtFCq0lOiFafT+i/Dvv2LDmb8+xlrOt/TohCBJmTxwDhiHrmgkFxpVGXvSvYvchENxSvHgX9bA","keyId":"d4c57706-6953-4bba-9311-19480be02ed9"}}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	71	01a224e9-59f0-72a6-8118-b84966272f0e	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.416662+00	\\x47a8cca09f4782ff34c9f3151e5b0ae820cea21403f43bce4871863850dfc02c
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.386159Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.386159Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	72	01a224e9-59f0-779c-aec7-e2d8c7bc2ed7	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.416662+00	\\x92f5ff67bc47a17c5b46a0e78c55bf06ee736cb4ec8c698117d552a8d51b82bd
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	10	AttemptFailed	1.0.0	{"AttemptFailed":{"answer":{"data":"jXsXik0TggRdqegt922OQMrBPq1wrZ/K/YFCG/RdFjwyVMhUD2p4I9OOjQ==","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"},"at":"2026-11-29T01:26:42.416821Z","attempt":1,"cause":"smtp_451","channel":"EMAIL","class":"retryable","nextDue":"2026-11-29T01:26:42.758821Z"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	73	01a224e9-59fb-798e-b939-52a5c1b43b8a	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.427225+00	\\xb541844a3962b5149e6c9f1beb6922bd28efb5fa2ac09db800942e22efd4668a
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.430382Z","category":"orders","channel":"PUSH","content":{"data":"3JcbIOxRzrvNahJJR9QFqrPjC2Q/DGZbMdSAD8UkJwEwuYLx52lPaWpg2tEpqvdY/qu2MQ7zIqTo2Icrj/RNWDC3laQO568KPJgjeuQgW1+f5kQM1Ld9/Q9OBguJr5cmF3qqKNs=","keyId":"ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b"}}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	74	01a224e9-59fe-7486-9e30-af71b9f6b878	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.430485+00	\\xfb125ae99aa66ef2377fcbbe86a6cdb68972c190024700e0c06d5de0c1b798c1
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.430385Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:42.430385Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	75	01a224e9-59fe-7500-a1e8-9d96b0e57b88	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.430485+00	\\x159c19d401806d429918fb297e6269561d32938f64ed9ff861c01101b9dfc8f3
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.430385Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	76	01a224e9-59fe-7126-abe4-584fcf2980ec	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.430485+00	\\x87bb9b0043d6517b191455603c2672ea7b9f7f4577203853d71d5dbd52120d50
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.410267Z","channel":"EMAIL","content":{"data":"QhC1aWkwVlyf/Lp+zTuSNvRa3VmZh4q7CyXZN6JYoPnJLR2OGzCEAI2KxVyxkAintRWscYmwEVplRIQ0hVuPnB2YQoKGq/2+bIp5NLiAIwPugMMPNJcE840x4ziqjPbg7T9an7Q9HsFLq+1u/elVuEy6TePJE9LiDWn9ZZW9A5WAgJbHLpaYjpwd85opbFIXstF2V4wTBFv+Vam+ls2F2uAMqPepRvw8W4hwHnkVOxoHY3geKQ/7B6udRFBEchLmfud0G8mGPf7zD2dIV45Cq9sTZe60j04jFvHU/mqcQTuNHz+wX36igbiDWe0Cg3s=","keyId":"66932613-17c5-49d7-8261-33c79ac1867d"}}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	77	01a224e9-59fe-7baf-91c6-705c72bc4f37	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.43072+00	\\x4685839ead18c60d56273a7220b250b156d4734e1d4dbe8913de69a74e9260bd
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.410277Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.410277Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	78	01a224e9-59fe-77a7-ba18-9c8f41fccc0c	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.43072+00	\\xc8ab9a19a0763bf4b14affaa268b081650bb4d32544a320570f77421c9fafcd6
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.410406Z","channel":"SMS","content":{"data":"RBiQEebxtQsm0kQ8V4xKTLIM0FEluHm/QANJG/jEuZOc52HTShET/O+M9vrrm0UyHhoRGHmVCQzIxbiN","keyId":"66932613-17c5-49d7-8261-33c79ac1867d"}}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	79	01a224e9-5a02-7660-8eb7-a36d04f007f5	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.434682+00	\\x4b3a88e6e7b11994864ac12a296a56da7f367e7c13dda72545f62ea79fc739cc
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.410410Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.410410Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	80	01a224e9-5a02-7548-991f-a524a53a129d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.434682+00	\\x0499e892666f56d28199b96ac9d121f3dff598e7b5ded0ea0ec7eb4778abe52d
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.430998Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.430998Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	83	01a224e9-5a06-7779-80a5-a4b868cf50ad	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.43896+00	\\xbc08710dc7763802f0c90ed2df043ea1a7ce36dfef32f3ba6cca5f5da83771a8
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:42.431108Z","channel":"SMS","content":{"data":"EfgMPB3xzlutSD94eZMRnacF6DiK1cYJSTN1CsdTn/Fbd8R7uFkx7di7UsuzyJPKd9SrRYskNdMAcHbb","keyId":"ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b"}}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	84	01a224e9-5a0e-7eb4-842a-81e1b3a83df4	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.446059+00	\\x50516eb72704217465c8efd5a597061a98118c8e5f79c516c6fd560dc1d4dc49
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.431112Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:52.431112Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	85	01a224e9-5a0e-7644-9f41-89899164a272	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.446059+00	\\xacdda978d5b0bdf6049aca875c4d5abfaa43c68264d3894e9d93b7fc5579d806
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	10	AttemptFailed	1.0.0	{"AttemptFailed":{"answer":{"data":"zwly2W94iJ13V0GXoli5TzDnZhSK1kMy/likZZLuClvzUkyuVKtxIOyYEg==","keyId":"b314f8d3-9ee8-45cd-87d5-6138726a1e2e"},"at":"2026-11-29T01:26:42.435819Z","attempt":1,"cause":"smtp_550","channel":"EMAIL","class":"permanent"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	86	01a224e9-5a10-7a6f-828b-c8278d5b8fe2	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.44805+00	\\xda2bca84fd194a6d4fb32629ae79382f09cfa593381090f0aaa93e76a9347d44
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	11	DeliveryAbandoned	1.0.0	{"DeliveryAbandoned":{"at":"2026-11-29T01:26:42.435819Z","attempts":1,"cause":"smtp_550","channel":"EMAIL"}}	{"actor":"engine:dispatch","recipientRef":"b84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63"}	87	01a224e9-5a10-723f-8165-99ffb265997d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.44805+00	\\xd290f3b47fbfea1a6101947b0ca700b1196aec33587308f844653584e0be5907
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.459893Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"aec304a2-61ec-55a2-8c98-108701ed85a0"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	88	01a224e9-5a1c-7baa-a666-b58dbfe5fbb9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.460014+00	\\x300ac75cd78efd64eff433b5c8f9e09870908e0cc9f110c8ab51bb9fbf5f5649
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	10	AttemptOutcomeUnknown	1.0.0	{"AttemptOutcomeUnknown":{"at":"2026-11-29T01:26:42.461054Z","attempt":1,"cause":"smtp_connection_lost","channel":"EMAIL","possibleDuplicate":true,"resendDue":"2026-11-29T01:26:42.461054Z"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	89	01a224e9-5a1d-7777-bd91-44476ef6f3f8	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.461482+00	\\xc767940189b7aa61f464c954e094e51fef33e541d98ac0eeda4ca17e7c49ea3e
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	11	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.463950Z","attempt":2,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.463950Z","possibleDuplicate":true,"provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	90	01a224e9-5a20-7d87-83e9-67db27fecc0b	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.464038+00	\\x14287c3756f23fe8db7e32a2fee8808934f1f294a652015b2e50258dbaa4e7d2
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.471072Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"98ab1272-4895-5963-8092-26af129a4549"}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	91	01a224e9-5a27-7013-b47b-54851f2e04bf	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.471229+00	\\x0163716588de5426eb3168ff3f9dbdc993ce59b929a7366e13d4353311659306
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.472472Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"5c58a01b-88f6-5067-8f7c-4b4b018710f0"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	92	01a224e9-5a28-7363-b2f6-c552b054d835	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.472553+00	\\xf76d334f809352cd68d3f9a5fb0d11d890d2faada56493a0aca9db784f7812bc
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:42.472590Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"9ee6b6ad-8d2e-5727-b05d-cad62d3f5e90"}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	93	01a224e9-5a28-73a3-9a5c-0f2e968fbf48	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.472625+00	\\x93b531649d58bcf2d1837cbc3769843a39cae279e92a57d5749c5488ddb3de56
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	10	AttemptOutcomeUnknown	1.0.0	{"AttemptOutcomeUnknown":{"at":"2026-11-29T01:26:42.483958Z","attempt":1,"cause":"smtp_connection_lost","channel":"EMAIL","possibleDuplicate":true,"resendDue":"2026-11-29T01:26:42.483958Z"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	94	01a224e9-5a3d-749d-8a4a-2d310fe46c32	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.49356+00	\\x54f7c3f8027d83d3c846767242bfdb0e7f45c93194ae7638ea9eba6b33353675
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/bd1180e2-c5cb-50dd-b317-642e9963a87f	10	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"answer":{"data":"BOTkrWo95nKG4f6VmWIKBlQWaibkXTiEDVkl6up/XBZq/A==","keyId":"ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b"},"at":"2026-11-29T01:26:42.494541Z","attempt":1,"channel":"EMAIL","provider":"smtp","providerMessageId":"<b10a78f0-ef9f-516e-86fc-f43f8695c884@example.org>"}}	{"actor":"engine:dispatch","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	95	01a224e9-5a3e-7f5a-a029-aa0db6857859	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.494826+00	\\x4fb98ad7a49277e4f84a1b50a1b758e1a5ea961be4ee980b83eca57013a59793
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	11	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:42.503987Z","attempt":2,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:52.503987Z","possibleDuplicate":true,"provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	96	01a224e9-5a48-7f0a-9207-e3e4a945d2bd	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.50409+00	\\xd1dd2e9a58c7ff77630806368f6a9cf83253fc54f0f7386e1ea492b163f62be2
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	10	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"answer":{"data":"AD/L3Ev7JjUgqCkhh5vsqXsmMI7U24kPwbDlyeVkyAQNvQ==","keyId":"66932613-17c5-49d7-8261-33c79ac1867d"},"at":"2026-11-29T01:26:42.509544Z","attempt":1,"channel":"EMAIL","provider":"smtp","providerMessageId":"<83ab2c04-156a-5e2f-bf63-ea21554414a2@example.org>"}}	{"actor":"engine:dispatch","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74"}	97	01a224e9-5a4d-7043-84e1-9edc3c54e39a	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.509671+00	\\x5d1d58d06ff6f12347b03164a76696fb398974c92bd64afc1ab8bed8f481072f
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/a8204547-dce3-5aa8-a8d1-a898ba157585	12	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"answer":{"data":"AGUWNC83BHtzYdHCjA6vjr1zDiSXKXJMjCrhFgAU7Xgyhg==","keyId":"d4c57706-6953-4bba-9311-19480be02ed9"},"at":"2026-11-29T01:26:42.531254Z","attempt":2,"channel":"EMAIL","provider":"smtp","providerMessageId":"<f1592f5e-bd63-5235-b7ad-f0a24a49ee2e@example.org>"}}	{"actor":"engine:dispatch","recipientRef":"9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b"}	98	01a224e9-5a63-70d2-9da1-2557c9c27300	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.531433+00	\\xfe7b415ab350adb87b216042790131a50ffaebfd204c5d4883a7be43aa9071c0
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/134454e7-a9d5-57cd-927c-d87381d3a84c	12	AttemptOutcomeUnknown	1.0.0	{"AttemptOutcomeUnknown":{"at":"2026-11-29T01:26:42.533167Z","attempt":2,"cause":"smtp_connection_lost","channel":"EMAIL"}}	{"actor":"engine:dispatch","recipientRef":"2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b"}	99	01a224e9-5a65-7ec7-8664-8f22d59f3b4d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:42.533248+00	\\x78ebd36dec2b290d9ed158f855771545fbe314da079e19cf0e98c6f84ce37735
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	11	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.082787Z","attempt":2,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:53.082787Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	100	01a224e9-5c8a-72ab-8908-d5c40d555876	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.082913+00	\\xe730340c2fd622ed8dbffd58360cd4fcdd23350af99977002ec26edce6958535
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/4ddd7b43-de57-582e-a2be-93ac69aad2fe	12	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"answer":{"data":"kZCvRPzxziH9udofsLJ0lkBr6E/vrJeR83poGH+U+1RCfQ==","keyId":"7d11cceb-60fe-4017-94c2-4b4cb78d1075"},"at":"2026-11-29T01:26:43.131043Z","attempt":2,"channel":"EMAIL","provider":"smtp","providerMessageId":"<b08fe620-ab64-56f6-8a1b-f4401cb17c88@example.org>"}}	{"actor":"engine:dispatch","recipientRef":"f98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210"}	101	01a224e9-5cbb-79bb-bb5e-5f609b808144	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.131231+00	\\x997d8659f8a8ac1790f4755a958cc171e5bda1dbcdf07cc2ff3277d6be20b594
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/6f71f2a8-1132-54b5-933b-36398d790d4b	11	NotificationRead	1.0.0	{"NotificationRead":{"at":"2026-11-29T01:26:43.370532Z"}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"ad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74","requestId":"01a224e9-5daa-79a8-915c-5fb486b5430a"}	102	01a224e9-5daa-71bd-975e-e1bd599abfcb	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.370658+00	\\x881b67bd8aade9f193efb913d1ba74de99eb587ffd51fb4c80a9df8e80f31253
Recipient	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/ac23311b-83d2-56ef-ba75-0fba5d2e2843	1	RecipientForgotten	1.0.0	{"RecipientForgotten":{"at":"2026-11-29T01:26:43.490439Z","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}}	{"actor":"engine:test","recipientRef":"8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc"}	103	01a224e9-5e23-7bf9-8f52-7d60e50327c4	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.491421+00	\\x562b7acb0e6b6e2e6165aa1a6c8ab99b9b0eac3c8af7a1468bfc83564654553c
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:43.748766Z","eventId":"order-7","eventType":"order.confirmed","fingerprint":"da5fbb34537960f51493944c315dd2aa7d299be47ec378636c3424891275cc2e","plan":[{"addressRef":"01e1b492a60d0927250057bd4c90bc585f364a1e58df82fcb4f6d7479505ccd4","channel":"EMAIL","deliveryId":"e1dfcb28-17c8-5c9e-9c52-3891a0221da7","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"87b4626c9c79d15936b39e4a1dc2ce194be44838861b987caef927154321e26c","channel":"SMS","deliveryId":"b955411b-bf56-5c5e-806d-9d7b8bb270b9","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"497fdbe1-0081-54c3-acd5-33efc6542d9b","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"D37ENQEzRGU+sSgyTEQ2Rr94RDX9TZBph+CyvP7j/I4vguEL/uaoBuUNbEaWupqpj+E1yd0r966Dz63PaEWy6xnEcqs5pMuXruwLrYp8+usayYJ/HHdX+ZhZJJZ7SycOCppl9BZb19zV","keyId":"08d0b499-f3bf-4a64-85ab-a76a6d2f165b"},"recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2","tenantName":"YourTenantName","variables":{"data":"n12AM03XqhulLtnhzVg2ggygaGvsTtWBTJSgyhjQSHRN6YiZ9e+HpsWj8D59eJLI1fO3DPtvsGP2yqYeHXlW1kIfWpYrCNjv6iOWZSNAozaqKqherVHTax8ewaGs5ys=","keyId":"08d0b499-f3bf-4a64-85ab-a76a6d2f165b"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2","requestId":"01a224e9-5f24-7047-8c15-e294d23985ea"}	104	01a224e9-5f25-7a3f-b0e8-ef85d49c1918	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.74906+00	\\xe4f8b9ec6b58b7b3002645a7e0ed3858dadd979fabd0ed9160f136d17f9e3f26
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	1	NotificationAccepted	1.0.0	{"NotificationAccepted":{"acceptedAt":"2026-11-29T01:26:43.783046Z","eventId":"order-8","eventType":"order.confirmed","fingerprint":"0ea783f141cd9168162e3d72ce22a0035a3251293964642a42010afc63449e2e","plan":[{"addressRef":"c05b7f589efc4a9caa1b0435a77561ff843640e909488302e87551ff90977bb9","channel":"EMAIL","deliveryId":"7cec9f1c-9c5b-527a-b62d-3764a8c34cf0","outcome":{"state":"PLANNED","template":{"templateId":"718405aa-9332-59e5-9d78-c0ed228b1636","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}},{"addressRef":"ae7f70d2859b87994211825e88e5e29fa67a8e3c307cb29a9719171706060bf2","channel":"SMS","deliveryId":"9cc7eef8-ee53-540e-ae88-14aaa0effc07","outcome":{"state":"PLANNED","template":{"templateId":"f2c284db-2429-5a81-bb2c-bb20222469fd","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":2}}},{"channel":"PUSH","deliveryId":"6c81f91f-ec20-5c88-a58d-4d9cc708acb2","outcome":{"state":"PLANNED","template":{"templateId":"7132e5b3-cf6b-5865-89ed-d3abc88c7840","tenantId":"31bdc6f2-75b4-5c4e-8ad9-923afecc2734","version":1}}}],"recipient":{"data":"DgMIhbrhvC4D0ELDLbsqGqPvSikdwQ4cdi6xVbDxNTGB0l0CR1Q+JffNBYG7l961xADAPjDz/geIKC/EM3UJJEYC0eoT9Aqfe0YF8oTO8+8Em7fwUjqBMQkaSgXvjIZqHFarAMtq","keyId":"d9456b68-04d8-499e-8d00-647e72cf09e2"},"recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b","tenantName":"YourTenantName","variables":{"data":"mqKteiawAf/aF6iaEbsDwFVimWlcIXgSFYnlXvQ7JnMGLYK2S+Q/22GieWk/d7K7XqpAyaOQGB6otnBxNeSS9lnE9C1spSK2v19Oa83NHUgTAuY3+PX6zZOMgSHb0Qo=","keyId":"d9456b68-04d8-499e-8d00-647e72cf09e2"}}}	{"actor":"api-key:01a224e9-57dc-792b-89b1-779005ae46f5","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b","requestId":"01a224e9-5f46-751a-8dd1-293b85805de8"}	105	01a224e9-5f47-735c-bc9e-601bd7c06030	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.783308+00	\\xc7c98c48a840b88feb322c18b6903d9416667f86f59c370c6f78b10076573a90
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:43.803040Z","category":"orders","channel":"PUSH","content":{"data":"ogSrfNmtyHbGzFS52Zhe34GMGZ/fFEXf1N98kVFvGVyB79UtYhUx+j1QUET6uHc9NTrSOhdBrZrXuNFNrm/fMSGESTGnZxnJDMjOy/Zr0Dbpo6QvSTrsERgZFySvzuga4E3x62I=","keyId":"08d0b499-f3bf-4a64-85ab-a76a6d2f165b"}}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	106	01a224e9-5f5b-7575-a31d-4402595b1f28	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.803201+00	\\xbf701250504ce147f5a7fe4f600808cf6c01d63907a58ea7feaf137090c4da71
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.803043Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:43.803043Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	107	01a224e9-5f5b-7135-a77b-eaff063832b8	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.803201+00	\\x23cda5cb09d35a9347f8acf7751d3b91ae269c3f9530f4df64417d20791a0fa9
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	4	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:43.803043Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	108	01a224e9-5f5b-79ac-afe6-f0f3ccf3d71f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.803201+00	\\x62b3560a4165ef5910a1d5c9d636af9e4d3e192663af546424408bb060c27958
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	2	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:43.806660Z","channel":"EMAIL","content":{"data":"eT+6bGa4dJmtkjJiHVQf09KQilTkfACGytEVoBqEFpz15PnRGeA23JDEaijiTGr+Z+rNx29ueudI8doCX9215qcakx6tb2yIbsNlsigTjiECIefp7HYN8xY26reUnyP6lwQYuSlbrP6ILcOKg2ivAKAqKg0GT3qpWQ0C8kgVvn6+PC9CMAiY4ZnkpsLjewjWuQ/BN5FOZedaDQvNn9EP/lnsk4hCDsw++z1SSGrbM+DRR7lyNcKb1YVZsY6xIJ/kB63fuaPobA3zKmyeK/UsRcfaCX5q94O1e8hT1tDL1Ri2vCQwbn/LF1zKeWr2eHo=","keyId":"d9456b68-04d8-499e-8d00-647e72cf09e2"}}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	109	01a224e9-5f5e-7283-b860-2cf3eef83401	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.806805+00	\\x6f5d3db87609ca0e1991da285cc47fb7f5f12789bdfa5b143fa4e02883793711
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	3	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.806670Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:53.806670Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	110	01a224e9-5f5e-7d7b-87f7-b303dc0ce99d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.806805+00	\\xbd0a96612bdb9b263fd06f8b1df4f4509ecbaed66be2137fed70a94f7e880c13
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	5	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:43.808058Z","channel":"EMAIL","content":{"data":"1K0uRrSiMvEYwC/cn7MVGFN0wH2l7uWg8NAWcTGQQSiVEBlIKD2KHlFYOf3p2NXZLqdAd4Zh3NsPGJ40sLSXaDh3DJuaIXVXFCuQw7pjKEZKDnBZY6tBwIMioGWlPGUCAHTnqA+Q+Fo1O618QgsBw/tVErpVukQsE3GWddXJL0lwhgQyh+ucHBAbxGlDtcr8XBtMpJ/ziCJgTfOXv5g7lT0njWpq/yD/wJJZVUogtzKzU+0TV4YrCTaxIk5FGcEqMWYikeFr8H64qS4hRW1cVCIXKO3QIZDA/plijOUFOgFNjPLtQ9R5VyRAq2nLO8k=","keyId":"08d0b499-f3bf-4a64-85ab-a76a6d2f165b"}}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	111	01a224e9-5f60-76ce-a18b-928e9bae5565	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.808482+00	\\x78e7b696daa45e0a6ef8a91b7fb8fb1fca0a487653dccda4d4c96fe64fd22929
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	6	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.808063Z","attempt":1,"channel":"EMAIL","expiresAt":"2026-11-29T01:26:53.808063Z","provider":"smtp"}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	112	01a224e9-5f60-7454-82e4-cb0f8c684b39	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.808482+00	\\x7c1efb1973db413abc6707467b42574feac125a724eeed330f848bfbb73abeca
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	4	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:43.807772Z","channel":"SMS","content":{"data":"/gdtdq4BMi9Aj4R4RXAe9o9oyol+wFPWcV2kt808GefBhMhUT6ds9AhITSHyYdIZiOQqDHXbXIDMc6JY","keyId":"d9456b68-04d8-499e-8d00-647e72cf09e2"}}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	113	01a224e9-5f65-7b68-90f0-ef8166e287c4	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.813805+00	\\xf2c9817d7b04095f5e3df2e9ac76e18a73338c9b885f694ae995aa41518fdc88
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	5	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.807779Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:53.807779Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	114	01a224e9-5f65-7e69-a9cd-354af88d7ace	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.813805+00	\\xa6d52fbd4f6675ea663ca9b12d42fdd16317674272a1578d1b73558e1f92477f
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	7	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:43.808173Z","channel":"SMS","content":{"data":"IflCCnwIY0DesDX/pMrinXFuIFGiRf+XcjSa/iFpxV1sQl3u5xggkaK+9BXxWCMnz62b7ScUrD2eNSjU","keyId":"08d0b499-f3bf-4a64-85ab-a76a6d2f165b"}}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	115	01a224e9-5f67-7195-ba33-ce7286d52f88	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.815998+00	\\x2a1c1aaae19462104dc69bc99e8dffa367cf10781f6edcbced12e256f4a80e3a
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	8	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.808177Z","attempt":1,"channel":"SMS","expiresAt":"2026-11-29T01:26:53.808177Z","provider":"sandbox"}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	116	01a224e9-5f67-78b5-9b9e-841c4896e03d	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.815998+00	\\x92d73dad5ee4991ec5f0d575241825eb57da8e9e3c6d38f4e4123c9856686779
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	6	DeliveryRendered	1.0.0	{"DeliveryRendered":{"at":"2026-11-29T01:26:43.807905Z","category":"orders","channel":"PUSH","content":{"data":"qZKn9gh/5TJ32PWhDMp5bKdFu2jwMPVrCPWcZvF13dYhTQQ6FXiBMHRzKnEoML+9tDIn3Feely9+s8E9rG6mq05nr2G2xkOb5dik6A1Onh0TfEXf8d1HUiA6qMS4GTz6B7UvpNQ=","keyId":"d9456b68-04d8-499e-8d00-647e72cf09e2"}}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	117	01a224e9-5f73-7ba2-a44f-769c8f2643a0	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.82739+00	\\x33e74e3ee1e247170a27067dcdaf3961f65194afd2ebd992fc3e8abde3c77349
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	7	AttemptStarted	1.0.0	{"AttemptStarted":{"at":"2026-11-29T01:26:43.807907Z","attempt":1,"channel":"PUSH","expiresAt":"2026-11-29T01:26:43.807907Z","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	118	01a224e9-5f73-7f14-a50e-c68e07f5c9ec	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.82739+00	\\xac02ffefd8e70ff629c81e21cf9c723f3b86a8d21f633a40b3cbe5ad4ac53172
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	8	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:43.807907Z","attempt":1,"channel":"PUSH","provider":"hub"}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	119	01a224e9-5f73-7192-93fa-25bdb5923600	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.82739+00	\\x1438de6b2c0164ef895455b53eebe3a3c0d63819cf319a07a1232f183119d60a
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/027f249b-9ad1-5623-b46e-ae4752168e03	9	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:43.858382Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"9cc7eef8-ee53-540e-ae88-14aaa0effc07"}}	{"actor":"engine:dispatch","recipientRef":"9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b"}	120	01a224e9-5f92-7ef3-8d28-e45683a2468b	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.858563+00	\\xd0a5e21a32114be7447198b10758842163418b63ed4bcd6a7d1f7e7f0afd37c2
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	9	AttemptFailed	1.0.0	{"AttemptFailed":{"answer":{"data":"NeQ5YVdA4ARtW4KwHjE5GhHdrutYFA2pLPgLhQaY6qajfnSYtNs7Eq3XUQ==","keyId":"08d0b499-f3bf-4a64-85ab-a76a6d2f165b"},"at":"2026-11-29T01:26:43.869444Z","attempt":1,"cause":"smtp_451","channel":"EMAIL","class":"retryable","nextDue":"2026-11-29T01:26:48.571444Z"}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	121	01a224e9-5f9d-74b6-b296-4f33589754dc	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.869766+00	\\x74783589bdb82afde2a20c452d2031ed03235c1d74ccf6a54925e160b3c6356e
Notification	31bdc6f2-75b4-5c4e-8ad9-923afecc2734/702f06d1-248d-5cbf-b652-deec0d95ef83	10	AttemptSucceeded	1.0.0	{"AttemptSucceeded":{"at":"2026-11-29T01:26:43.874549Z","attempt":1,"channel":"SMS","provider":"sandbox","providerMessageId":"b955411b-bf56-5c5e-806d-9d7b8bb270b9"}}	{"actor":"engine:dispatch","recipientRef":"a564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2"}	122	01a224e9-5fc6-78fa-9074-5ca14d85004f	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	2026-11-29 01:26:43.91083+00	\\x3fa9eca4fb8fec204fafbd2f8ac0439ab62a7d12864f30bb45ad4fe44c245bf1
\.


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.idempotency_keys (tenant_id, key, notification_id, expires_at) FROM stdin;
\.


--
-- Data for Name: inbox; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.inbox (tenant_id, notification_id, recipient_ref, delivery_id, event_type, category, content_key, content, status, accepted_at, rendered_at, read_at, "position", sequence, rendered_position) FROM stdin;
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	\\x91dbeac073bd070dc0258a596911dbc6e67848029822f51a7e466a33c960a9ae	0bdb3362-91a1-553f-bf63-4fedc5f8fa4f	order.confirmed	orders	e8ce96b5-1ba7-463a-a79d-795c1f10114a	sNYINqCQt9uqnu3Xozp22Bne24jijO2rm3BHmoBEH1nWYlsOez3K2LeGOuOZnMHIfzwPaVVGPeoZ1uvq7EV0wZLKrefOwtM+OkDsFo7c8naNvo2hbcUuxhV7sbrkEa8nJ36WHE0=	UNREAD	2026-11-29 01:26:42.262275+00	2026-11-29 01:26:42.278109+00	\N	25	2	26
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	\\xf98f51f9dccd079415fb9d86dd0480f63c3d20c8c7b056b5cf079337c52bd210	17f90d89-f2fd-5819-8f8a-df63257cdc76	order.confirmed	orders	7d11cceb-60fe-4017-94c2-4b4cb78d1075	aBgVph5FYrrqZTXPgXC8GkZdPR/QzofRTEq+PVN7ZzxAvWqlwAEhxxmS4WBieuudQ8UZBxLXu0PX71dVbTRNKM14P+ozYTpo2paYttV5nLd0LzKkXwo1ZwqgJq6tnt1LfW8aOh0=	UNREAD	2026-11-29 01:26:42.287734+00	2026-11-29 01:26:42.324664+00	\N	29	2	35
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	\\xb84bd4ea0fe031d25d4e5fda81294085159d780ba2cf9d261b1543d444ad3a63	67aba363-276d-5b9f-880e-7892c2b329d9	order.confirmed	orders	b314f8d3-9ee8-45cd-87d5-6138726a1e2e	VJWu/ZMnt+uN4K0NR0KBPlWZwOtj9bqWJqkrrkbwhnZ/j3lbDe/vjy8ZQ/d1ckNXGHbuk2r6c3pjz5OHKKKoUy65ucuxnYvaAaCFWnKjxG2EvA4lU2XMFgFB/H5in65YAaOqu3I=	UNREAD	2026-11-29 01:26:42.310498+00	2026-11-29 01:26:42.357534+00	\N	32	2	41
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	\\x9729f735515dbf89219f19804ec8ca23cb2a09a4950ae2d1eebaa3ca1a61b39b	cbaec3ac-907c-54cc-a8ca-900827fd45d1	order.confirmed	orders	d4c57706-6953-4bba-9311-19480be02ed9	lTxWFRj157+UU+Z3KAAfsEmf3TrKkygGrCH24uHrkB0Euo/cPVoS5QcfUVifUTZASf2oPZnMXhqq7MaTafWmzvpH3G2r7f02O9j/iaXpzIi2bnDFJOKrfVLh7sSfstLS0WLSrNs=	UNREAD	2026-11-29 01:26:42.338472+00	2026-11-29 01:26:42.380936+00	\N	38	2	54
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	\\x2d9e76533c8bc1053d7177709030f3ced994c04806014269c536f280462ed60b	5f669fa0-5a1b-5eae-ac05-e983feb9523f	order.confirmed	orders	07f6be4e-e482-474d-a7f4-360fb862cc5c	AYSX+dHHkgHMdAwA1tBZkjfWh6SlVum6J73qeUPfe6tm0Fq2VqzixcWsFRc81XBpTJy82kk9vJ8JeJ8l1FKlMa9ggU5EDtMeYLfV/gTy7tOQuSdkqgC8LYUsugBmcLgB+g1Wa5c=	UNREAD	2026-11-29 01:26:42.367674+00	2026-11-29 01:26:42.381726+00	\N	49	6	64
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	\\xad4632fce388e4604a5e6535b9637052de547801e9035ae53683393839841c74	5273be10-304f-574a-a485-33c175408b40	order.confirmed	orders	66932613-17c5-49d7-8261-33c79ac1867d	pgnl52IZWJfkjRIFiCRcLteSH5fu9225XiEP8H2SUyuWuPJZ5x09OcbrOXYZ6zPtGw2hKqKNZCXaHW800IDVUMmo0QKllZASnpbpiO2GdIyI1SN6AX9CHRLAA9Psd4Nh4RCP6zo=	READ	2026-11-29 01:26:42.37595+00	2026-11-29 01:26:42.40493+00	2026-11-29 01:26:43.370532+00	53	11	67
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	\\xa564813efe2f567a44373807df667c72a3bea2a3c0bc07ea7cb9fe1704c73bd2	497fdbe1-0081-54c3-acd5-33efc6542d9b	order.confirmed	orders	08d0b499-f3bf-4a64-85ab-a76a6d2f165b	ogSrfNmtyHbGzFS52Zhe34GMGZ/fFEXf1N98kVFvGVyB79UtYhUx+j1QUET6uHc9NTrSOhdBrZrXuNFNrm/fMSGESTGnZxnJDMjOy/Zr0Dbpo6QvSTrsERgZFySvzuga4E3x62I=	UNREAD	2026-11-29 01:26:43.748766+00	2026-11-29 01:26:43.80304+00	\N	104	2	106
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	\\x9587855907ae10e05f5e76e03ca831869c8d5d8f3533c7b2f068f7706010830b	6c81f91f-ec20-5c88-a58d-4d9cc708acb2	order.confirmed	orders	d9456b68-04d8-499e-8d00-647e72cf09e2	qZKn9gh/5TJ32PWhDMp5bKdFu2jwMPVrCPWcZvF13dYhTQQ6FXiBMHRzKnEoML+9tDIn3Feely9+s8E9rG6mq05nr2G2xkOb5dik6A1Onh0TfEXf8d1HUiA6qMS4GTz6B7UvpNQ=	UNREAD	2026-11-29 01:26:43.783046+00	2026-11-29 01:26:43.807905+00	\N	105	6	117
\.


--
-- Data for Name: inbox_forgotten; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.inbox_forgotten (tenant_id, recipient_ref, "position") FROM stdin;
31bdc6f2-75b4-5c4e-8ad9-923afecc2734	\\x8b26ebb8cbf03d915cbbb2f8c52da8c1882d7638c15653a6b223497464e665dc	103
\.


--
-- Data for Name: leases; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.leases (name, epoch, owner, until, presence) FROM stdin;
delivery-status-v1	2	01a224e9-5ed4-7078-9ed7-6564497f7681	2026-11-29 01:26:53.755419+00	-7001015614319921535
inbox-v1	2	01a224e9-5ed4-7078-9ed7-6564497f7681	2026-11-29 01:26:53.755929+00	-7001015614319921535
usage-v1	2	01a224e9-5ed4-7078-9ed7-6564497f7681	2026-11-29 01:26:53.763915+00	-7001015614319921535
dispatch-v1	2	01a224e9-5ed4-7078-9ed7-6564497f7681	2026-11-29 01:26:53.788899+00	-7001015614319921535
\.


--
-- Data for Name: log_identity; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.log_identity (only_row, log_id, epoch) FROM stdin;
t	c17193de-73b2-4a54-982d-2175bfa43aea	1
\.


--
-- Data for Name: parked_events; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.parked_events (subscription, aggregate_type, aggregate_id, "position", reason, parked_at, retry) FROM stdin;
\.


--
-- Data for Name: sandbox_messages; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sandbox_messages (delivery_id, tenant_id, notification_id, channel, event_id, key_id, sealed, created_at) FROM stdin;
e0346d34-8771-5fe6-a662-20530361854a	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a9c5c584-8b4a-5c37-8076-f93573478d40	SMS	order-0	e8ce96b5-1ba7-463a-a79d-795c1f10114a	7O7cLBM6mTDX7+EgFwCnZHF21uNMblJhTwL+xy7063auPTcu/POpxF6JGlO5e2R8bQIqnihoUo2BDSDM5bD20vmfDf1bxn6yaemaIwZ62CIt	2026-11-29 01:26:42.334361+00
2bed18b1-8636-55e6-8365-c10575d878d1	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	4ddd7b43-de57-582e-a2be-93ac69aad2fe	SMS	order-1	7d11cceb-60fe-4017-94c2-4b4cb78d1075	M55GnHCuHwgd1romxAD0wi3a3arlgfq6cCOV6182mCwB8So5ivdnuNlMwgLblplBmdnMi3/ykfSHpJoG5+0j3xt201efpk5dM7OkDo91dcvC	2026-11-29 01:26:42.375329+00
67cc92fb-5a4a-5f51-a3fe-08e8a64de59c	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	98dfb8eb-8e0a-5df4-a17d-805b6f1252d8	SMS	order-2	b314f8d3-9ee8-45cd-87d5-6138726a1e2e	eA4VpSgLLavt8Xr2maskESCrY9RdHwFmy4tBrwLdiNc60oYsmpbR2aY3iNg48g/i4iEQZXU2T63kxQ8Ycy5Ccl847TRk8tbUDq+mAapu7ypL	2026-11-29 01:26:42.387534+00
aec304a2-61ec-55a2-8c98-108701ed85a0	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	134454e7-a9d5-57cd-927c-d87381d3a84c	SMS	order-4	07f6be4e-e482-474d-a7f4-360fb862cc5c	OzsoGKIOUyNhXoPS+zm3UIIkv3lhxvGppQis01PqZ+CsAWgYkscEuFdeBRIUB5K3R8nBymcbRrkm57F5dYog1oZbsz2Qog33SiWG+PA8v1dF	2026-11-29 01:26:42.402072+00
5c58a01b-88f6-5067-8f7c-4b4b018710f0	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	a8204547-dce3-5aa8-a8d1-a898ba157585	SMS	order-3	d4c57706-6953-4bba-9311-19480be02ed9	qr6KTKUEdxGgiTRjZrqD/U0ag2wDz5p1US5yuVVRkGhKyONHPv7c3WLsHKegXeFaA3QSvoVm9aACJalSxCIhZg7dgGqQDDqtpycudHTdOmLl	2026-11-29 01:26:42.438748+00
9ee6b6ad-8d2e-5727-b05d-cad62d3f5e90	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	6f71f2a8-1132-54b5-933b-36398d790d4b	SMS	order-5	66932613-17c5-49d7-8261-33c79ac1867d	BfHyOmlzyaPQHv01u/rR/xwpkedB41eyDRFAL34/qoG+txjuh95Kjau3Vqocyp2Qd7rQsv+x7xp79CH8AnH5fD84OzvjF4GvrBBrEaeoU8vu	2026-11-29 01:26:42.44027+00
98ab1272-4895-5963-8092-26af129a4549	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	bd1180e2-c5cb-50dd-b317-642e9963a87f	SMS	order-6	ffb0f286-8cdb-4d2c-b3f6-9f3563fb320b	r/STGw0z4kPIO9/O7+5PSd3qmDjlVvAkEaU3MjFJanpC6c8xYDAO5XqVFQekOlL37iMPWH3iv3WrsmX4DQVvHdDhInCgNRb+jx7X4mE6akqP	2026-11-29 01:26:42.448905+00
9cc7eef8-ee53-540e-ae88-14aaa0effc07	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	027f249b-9ad1-5623-b46e-ae4752168e03	SMS	order-8	d9456b68-04d8-499e-8d00-647e72cf09e2	DbU8qYnwgksL1l2JvmQgGVUCVVRBKHVp0N6+SP6VfK2NANSHuM1+cYwMqEFaqc5Tyb3Vsu1+pXBVoNH78SXA0hxAhcKmWEj61b/gW06Fm+lP	2026-11-29 01:26:43.826893+00
b955411b-bf56-5c5e-806d-9d7b8bb270b9	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	702f06d1-248d-5cbf-b652-deec0d95ef83	SMS	order-7	08d0b499-f3bf-4a64-85ab-a76a6d2f165b	KRH/LtDR8wdW5DFzlBWmJVBe9VIl4oKaQsbC6IhfquzMbLwVPf47r+xpw0YyS8tPxQJ/lW8V1e97ILOHidk7HPWzz+XBjtLWhOPyFQy+RxXD	2026-11-29 01:26:43.832721+00
\.


--
-- Data for Name: usage_minutes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.usage_minutes (minute, tenant_id, accepted, seconds, "position") FROM stdin;
2026-11-29 01:26:00+00	31bdc6f2-75b4-5c4e-8ad9-923afecc2734	9	{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,7,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}	105
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
-- Name: parked_events parked_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.parked_events
    ADD CONSTRAINT parked_events_pkey PRIMARY KEY (subscription, aggregate_type, aggregate_id);


--
-- Name: sandbox_messages sandbox_messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sandbox_messages
    ADD CONSTRAINT sandbox_messages_pkey PRIMARY KEY (delivery_id);


--
-- Name: usage_minutes usage_minutes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.usage_minutes
    ADD CONSTRAINT usage_minutes_pkey PRIMARY KEY (minute, tenant_id);


--
-- Name: deliveries_delivery_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX deliveries_delivery_id ON public.deliveries USING btree (delivery_id) WHERE (template_id IS NOT NULL);


--
-- Name: deliveries_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_held ON public.deliveries USING btree (held_at) WHERE (held_at IS NOT NULL);


--
-- Name: dispatch_due_by_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dispatch_due_by_tenant ON public.dispatch_due USING btree (tenant_id, due_at) WHERE (kind <> 'held'::text);


--
-- Name: dispatch_due_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dispatch_due_held ON public.dispatch_due USING btree (due_at) WHERE (kind = 'held'::text);


--
-- Name: events_configuration_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX events_configuration_idx ON public.events USING btree ("position") WHERE (aggregate_type = ANY (ARRAY['Tenant'::text, 'Template'::text]));


--
-- Name: idempotency_keys_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_keys_expires_at ON public.idempotency_keys USING btree (expires_at);


--
-- Name: inbox_recipient; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX inbox_recipient ON public.inbox USING btree (tenant_id, recipient_ref, accepted_at DESC, "position" DESC);


--
-- Name: sandbox_messages_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sandbox_messages_newest ON public.sandbox_messages USING btree (tenant_id, created_at DESC, delivery_id DESC);


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
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA public TO orqestra_app;


--
-- Name: FUNCTION append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.append_batch(p_now timestamp with time zone, c_events integer[], e_command integer[], e_first boolean[], e_aggregate_type text[], e_aggregate_id text[], e_sequence bigint[], e_event_type text[], e_event_version text[], e_payload text[], e_metadata text[], e_event_id uuid[], e_tenant_id uuid[], e_recorded_at timestamp with time zone[], e_leaf bytea[], i_command integer[], i_tenant_id uuid[], i_key text[], i_notification_id uuid[], i_expires_at timestamp with time zone[], n_command integer[], n_key_id uuid[], n_tenant_id uuid[], n_kind smallint[], n_recipient_ref bytea[], n_month integer[], n_wrapped bytea[], u_command integer[], u_key_id uuid[], d_command integer[], d_tenant_id uuid[], d_recipient_ref bytea[], d_month integer[]) TO orqestra_app;


--
-- Name: FUNCTION claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_idempotency_keys(p_now timestamp with time zone, p_tenant_id uuid[], p_key text[], p_notification_id uuid[], p_expires_at timestamp with time zone[]) TO orqestra_app;


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
-- Name: TABLE deliveries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deliveries TO orqestra_app;


--
-- Name: TABLE dispatch_due; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dispatch_due TO orqestra_app;


--
-- Name: TABLE events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.events TO orqestra_app;


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
-- Name: TABLE leases; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.leases TO orqestra_app;


--
-- Name: TABLE log_identity; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.log_identity TO orqestra_app;


--
-- Name: TABLE parked_events; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.parked_events TO orqestra_app;


--
-- Name: TABLE sandbox_messages; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.sandbox_messages TO orqestra_app;


--
-- Name: TABLE usage_minutes; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_minutes TO orqestra_app;


--
-- PostgreSQL database dump complete
--

\unrestrict D8oNGmgNcwdXUUcU4cHXa4xh2sqF7Ev10BiXdpdwkaiDhjruahtDZg6empckRBD

