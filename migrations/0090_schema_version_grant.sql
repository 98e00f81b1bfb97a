-- `orqestra doctor` works as the engine's role and compares the schema with the program's.
do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'orqestra_app') then
        grant select on _sqlx_migrations to orqestra_app;
    end if;
end
$$;
