-- Appends that verify under their own lock that the log is still the one known.
--
-- A statement that calls `append_batch` decides by the snapshot with which it began, and may wait for its turn after that:
-- what `orqestra recover` counts up meanwhile, it does not see. This function takes the turn first and looks then. It
-- answers no rows where the log is another one. `append_batch` stays for processes of the version before.
create function append_batch_of(
    -- The last position known and its event, and the log's id and epoch.
    p_position bigint,
    p_event_id uuid,
    p_log_id uuid,
    p_epoch bigint,
    -- As `append_batch` has them.
    p_now timestamptz,
    -- One entry a command: how many events it has.
    c_events integer[],
    -- One entry an event, in the order of the commands.
    e_command integer[],
    e_first boolean[],
    e_aggregate_type text[],
    e_aggregate_id text[],
    e_sequence bigint[],
    e_event_type text[],
    e_event_version text[],
    e_payload text[],
    e_metadata text[],
    e_event_id uuid[],
    e_tenant_id uuid[],
    e_recorded_at timestamptz[],
    e_leaf bytea[],
    -- One entry an idempotency key claimed.
    i_command integer[],
    i_tenant_id uuid[],
    i_key text[],
    i_notification_id uuid[],
    i_expires_at timestamptz[],
    -- One entry a data key that comes with its command.
    n_command integer[],
    n_key_id uuid[],
    n_tenant_id uuid[],
    n_kind smallint[],
    n_recipient_ref bytea[],
    n_month integer[],
    n_wrapped bytea[],
    -- One entry a data key that a command relies on.
    u_command integer[],
    u_key_id uuid[],
    -- One entry a destruction of keys: of a recipient, or of a month.
    d_command integer[],
    d_tenant_id uuid[],
    d_recipient_ref bytea[],
    d_month integer[]
)
    returns table (
        command integer,
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
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
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

comment on function append_batch_of is 'As append_batch, for a log that is still the one known; else no rows.';
revoke all on function append_batch_of from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function append_batch_of to orqestra_app;
    end if;
end
$$;
