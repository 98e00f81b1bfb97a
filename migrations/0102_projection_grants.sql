-- The engine writes read models as `orqestra_app`, if that role exists. A rebuild makes tables and runs as the owner.
revoke all on inbox, inbox_forgotten, deliveries, attempts from public;

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select, insert, update, delete on inbox, inbox_forgotten, deliveries, attempts to orqestra_app;
    end if;
end
$$;
