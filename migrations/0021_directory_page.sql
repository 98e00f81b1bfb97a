-- What each process follows to know its tenants, by an index of its own: a notification that another process stores is
-- not looked at.
create index events_beside_notifications_idx on events (position) where aggregate_type <> 'Notification';

create function log_directory_end(
    p_after bigint,
    -- The last position known to be stored: a page that is not full reaches it.
    p_head bigint,
    p_most integer,
    p_bytes bigint,
    p_aggregate_types text[]
)
    returns bigint
    language plpgsql
    stable
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    v_reached bigint := p_after;
    v_bytes bigint := 0;
    v_count integer := 0;
    v_event record;
begin
    for v_event in
        select e.position,
               case
                   when e.aggregate_type <> all (p_aggregate_types) then 0
                   when pg_column_compression(e.payload) is null then 512 + pg_column_size(e.payload)
                   else 512 + octet_length(e.payload::text)
               end as bytes
          from events e
         where e.aggregate_type <> 'Notification' and e.position > p_after and e.position <= p_head
         order by e.position
         limit p_most
    loop
        if v_bytes > 0 and v_event.bytes > 0 and v_bytes + v_event.bytes > p_bytes then
            return v_reached;
        end if;
        v_bytes := v_bytes + v_event.bytes;
        v_reached := v_event.position;
        v_count := v_count + 1;
    end loop;
    return case when v_count < p_most then greatest(p_head, p_after) else v_reached end;
end
$$;

comment on index events_beside_notifications_idx is 'For the directory of each process.';
comment on function log_directory_end is
    'The last position of a byte-bounded page of the log that leaves notifications out.';

revoke all on function log_directory_end from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function log_directory_end to orqestra_app;
    end if;
end
$$;
