-- What a process reads at start to know its tenants and templates, however long the log is.
create index events_configuration_idx on events (position) where aggregate_type in ('Tenant', 'Template');
