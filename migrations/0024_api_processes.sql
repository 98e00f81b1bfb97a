-- The processes with the role api that share limits, each seen again every second: a new count begins once all have arrived.
create table api_processes (
    owner uuid not null,
    seen_at timestamptz not null,
    constraint api_processes_pkey primary key (owner)
);

comment on table api_processes is 'One row a process that shares limits through Redis, by the clock of the database; each process writes its row anew every second.';

revoke all on api_processes from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on api_processes to orqestra_app;
    end if;
end
$$;
