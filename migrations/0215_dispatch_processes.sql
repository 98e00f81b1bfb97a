-- The processes with the role dispatch, each seen again every second: they divide what a provider allows among them.
create table dispatch_processes (
    owner uuid not null,
    seen_at timestamptz not null,
    constraint dispatch_processes_pkey primary key (owner)
);

comment on table dispatch_processes is 'One row a process that sends, by the clock of the database; each process writes its row anew every second.';

revoke all on dispatch_processes from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on dispatch_processes to orqestra_app;
    end if;
end
$$;
