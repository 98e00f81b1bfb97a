-- The column is null for good, also where a process of a version before 0203 still writes it: what it writes is taken, and
-- not kept. A row without it costs no call of the function.
create function sandbox_messages_drop_event_id()
    returns trigger
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    new.event_id := null;
    return new;
end
$$;
comment on function sandbox_messages_drop_event_id is 'Keeps the caller''s id of an event out of the sandbox''s clear columns.';
revoke all on function sandbox_messages_drop_event_id from public;

create trigger sandbox_messages_keep_no_event_id
    before insert or update of event_id on sandbox_messages
    for each row
    when (new.event_id is not null)
    execute function sandbox_messages_drop_event_id();
alter table sandbox_messages enable always trigger sandbox_messages_keep_no_event_id;

-- Those that were written since 0203.
update sandbox_messages set event_id = null where event_id is not null;
