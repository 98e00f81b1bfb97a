-- The event id is kept out where rows come in: no version changes it afterwards. A trigger before updates, also one of a single
-- column, has PostgreSQL lock each row before it is updated, which cost one more record in the WAL for each change of a state.
drop trigger deliveries_keep_no_event_id on deliveries;
create trigger deliveries_keep_no_event_id
    before insert on deliveries
    for each row
    when (new.event_id is not null)
    execute function deliveries_drop_event_id();
alter table deliveries enable always trigger deliveries_keep_no_event_id;
