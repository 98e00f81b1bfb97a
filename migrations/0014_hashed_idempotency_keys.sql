-- Callers' idempotency keys are stored as HMACs under the tenant's key, `hmac:` and 64 hexadecimal digits: a key may name a
-- person. What an earlier version claimed in clear holds for its day and goes then; until it has gone, keys are looked for in
-- clear too.
--
-- An entry of a batch that has run out before it came is looked for like any other and is not stored. A condition of the
-- trigger and not of `append_batch`: other rows cost no call.
create function idempotency_keys_drop_asked()
    returns trigger
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return null;
end
$$;
comment on function idempotency_keys_drop_asked is 'Keeps what is only looked for from being stored.';
revoke all on function idempotency_keys_drop_asked from public;

create trigger idempotency_keys_keep_no_asked
    before insert on idempotency_keys
    for each row
    when (new.expires_at <= timestamptz '1970-01-01 00:00:00+00')
    execute function idempotency_keys_drop_asked();
alter table idempotency_keys enable always trigger idempotency_keys_keep_no_asked;

-- Whether any key stands in clear is asked every few seconds. The tenant is that of API keys, whose claims are no callers' texts.
create index idempotency_keys_plain on idempotency_keys (expires_at)
    where not starts_with(key, 'hmac:') and tenant_id <> '6f727165-7374-7261-8000-6170696b6579'::uuid;

comment on table idempotency_keys is 'HMACs of keys that callers gave; an expired one can be claimed anew.';
