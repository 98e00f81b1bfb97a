-- How far streams can be read together is told by one statement over all of them: one a stream cost more than what it read.
create or replace function log_streams_end(
    p_aggregate_types text[],
    p_aggregate_ids text[],
    p_after bigint[],
    p_bytes bigint
)
    returns table (stream integer, reached bigint, whole boolean)
    language plpgsql
    stable
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_sort = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
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
