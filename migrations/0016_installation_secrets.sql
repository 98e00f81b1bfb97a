-- Secrets that all processes of the installation share, each by an id: a process that has another one is told so before it
-- serves. The id is 8 bytes of an HMAC by the platform's index key and reveals nothing without the master key.
create table installation_secrets (
    name text not null,
    id bytea not null,
    claimed_at timestamptz not null default clock_timestamp(),
    constraint installation_secrets_pkey primary key (name),
    constraint installation_secrets_name check (name in ('realtime', 'admin')),
    constraint installation_secrets_id_length check (octet_length(id) = 8)
);

comment on table installation_secrets is
    'The ids of the secret for realtime tokens and of the admin token that a data folder made; a row each.';

revoke all on installation_secrets from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert on installation_secrets to orqestra_app;
        grant update (id, claimed_at) on installation_secrets to orqestra_app;
    end if;
end
$$;
