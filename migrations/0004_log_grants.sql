-- The owner runs migrations; the engine runs as `orqestra_app`, if that role exists.
revoke all on function append_batch from public;
revoke all on events, idempotency_keys, data_keys, log_identity, checkpoints, leases, parked_events from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant usage on schema public to orqestra_app;
        grant select on events, idempotency_keys, data_keys, log_identity to orqestra_app;
        -- Deleting expired keys locks them first, which PostgreSQL counts as updating.
        grant delete, update (expires_at) on idempotency_keys to orqestra_app;
        grant update (wrapped) on data_keys to orqestra_app;
        grant select, insert, update, delete on checkpoints, leases, parked_events to orqestra_app;
        grant execute on function append_batch to orqestra_app;
    end if;
end
$$;
