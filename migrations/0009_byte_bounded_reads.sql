-- Where a page of the log ends: each reader's statement is bounded by bytes as well as by events.
--
-- Each function looks at the sizes of the next events and stops at the first one that does not fit; the statement around
-- it then reads what fits. A stored size costs nothing to look at. A text that the server compressed is opened to be
-- measured, since its stored size says nothing of what would travel. A page has at least one event.

-- The last position of a page that begins after `p_after` and looks at no more than `p_most` events. Events that the
-- reader does not ask for count in number and not in bytes. `p_after` itself: there is no further event.
create function log_page_end(
    p_after bigint,
    p_most integer,
    p_bytes bigint,
    -- Null: of every aggregate, of every type.
    p_aggregate_types text[],
    p_event_types text[],
    p_other_event_types text[],
    p_payloads boolean
)
    returns bigint
    language plpgsql
    stable
    set search_path = pg_catalog, public, pg_temp
as $$
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

-- The same of tenants and templates alone, by their own index.
create function log_configuration_end(p_after bigint, p_most integer, p_bytes bigint)
    returns bigint
    language plpgsql
    stable
    set search_path = pg_catalog, public, pg_temp
as $$
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

-- How far the streams can be read together, each after a sequence of its own: one row for each stream that is reached, in
-- their order. A stream that is not whole is the last one.
create function log_streams_end(
    p_aggregate_types text[],
    p_aggregate_ids text[],
    p_after bigint[],
    p_bytes bigint
)
    returns table (stream integer, reached bigint, whole boolean)
    language plpgsql
    stable
    set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    v_bytes bigint := 0;
    v_event record;
begin
    for v_stream in 1 .. cardinality(p_aggregate_ids) loop
        exit when v_bytes > p_bytes;
        stream := v_stream;
        reached := p_after[v_stream];
        whole := true;
        for v_event in
            select e.sequence,
                   case
                       when pg_column_compression(e.payload) is null then 512 + pg_column_size(e.payload)
                       else 512 + octet_length(e.payload::text)
                   end as bytes
              from events e
             where e.aggregate_type = p_aggregate_types[v_stream]
               and e.aggregate_id = p_aggregate_ids[v_stream]
               and e.sequence > p_after[v_stream]
             order by e.sequence
        loop
            if v_bytes > 0 and v_bytes + v_event.bytes > p_bytes then
                whole := false;
                exit;
            end if;
            v_bytes := v_bytes + v_event.bytes;
            reached := v_event.sequence;
        end loop;
        return next;
        exit when not whole;
    end loop;
end
$$;

comment on function log_page_end is 'The last position of a byte-bounded page of the log.';
comment on function log_configuration_end is 'The last position of a byte-bounded page of tenants and templates.';
comment on function log_streams_end is 'How far streams can be read together within so many bytes.';

revoke all on function log_page_end from public;
revoke all on function log_configuration_end from public;
revoke all on function log_streams_end from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function log_page_end, log_configuration_end, log_streams_end to orqestra_app;
    end if;
end
$$;
