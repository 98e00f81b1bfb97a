-- Appends that rest on the configuration are stored only where it has not changed since it was read.
--
-- Each process keeps tenants and templates in memory, a few milliseconds behind the others. What was planned by them is
-- compared here, under the turn of appends: an event of a tenant or a template beyond the position that the plan rests on is
-- there to be seen. Where the log has none, which is nearly always, it is one look at the end of a small index a batch.
--
-- It verifies what `append_batch_of` verifies, and answers no rows where that answers none. It does not call that one: a call
-- with so many arrays costs more than all that is compared. `append_batch_of` stays for processes of the version before.
create function append_batch_since(
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
    d_month integer[],
    -- One entry a command that rests on the configuration: whose, and up to which position it was read.
    r_command integer[],
    r_tenant_id uuid[],
    r_position bigint[],
    -- The least of these positions; null where there is none.
    r_oldest bigint
)
    returns table (
        command integer,
        -- As `append_batch` has them, and 5: the configuration has changed
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
    set enable_bitmapscan = off
    set jit = off
    set plan_cache_mode = force_generic_plan
as $$
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

comment on function append_batch_since is
    'As append_batch_of; commands that rest on a configuration which has changed since are refused.';
revoke all on function append_batch_since from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant execute on function append_batch_since to orqestra_app;
    end if;
end
$$;
