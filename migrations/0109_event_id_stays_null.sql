-- The column is null for good, also where a process of a version before 0106 still writes it: what it writes is taken, and
-- not kept. A row without it costs no call of the function.
create function deliveries_drop_event_id()
    returns trigger
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    new.event_id := null;
    return new;
end
$$;
comment on function deliveries_drop_event_id is 'Keeps the caller''s id of an event out of the read model.';
revoke all on function deliveries_drop_event_id from public;

create trigger deliveries_keep_no_event_id
    before insert or update of event_id on deliveries
    for each row
    when (new.event_id is not null)
    execute function deliveries_drop_event_id();
alter table deliveries enable always trigger deliveries_keep_no_event_id;

-- Those that were written since 0106.
update deliveries set event_id = null where event_id is not null;
