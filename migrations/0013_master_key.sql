-- The master key of the installation, by its id: the process that stores the id first has made the key, and no other key is
-- taken from then on. The id is 8 bytes of a hash and reveals nothing of the key.
create table master_key (
    only_row boolean not null default true,
    id bytea not null,
    claimed_at timestamptz not null default clock_timestamp(),
    constraint master_key_pkey primary key (only_row),
    constraint master_key_one_row check (only_row),
    constraint master_key_id_length check (octet_length(id) = 8)
);

comment on table master_key is 'The id of the master key that wraps all data keys; one row.';

revoke all on master_key from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert on master_key to orqestra_app;
        grant update (id, claimed_at) on master_key to orqestra_app;
    end if;
end
$$;
