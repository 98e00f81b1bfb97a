-- One tenant's day, which an API process reads where a shared count of limits begins anew. Rows are updated in other columns alone.
create index usage_minutes_tenant_idx on usage_minutes (tenant_id, minute);
