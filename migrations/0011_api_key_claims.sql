-- An API key's hash belongs to one tenant, for ever: the append that issues a key claims its hash.
--
-- The claim stands in `idempotency_keys` under a tenant id that no tenant can have, names the key's tenant where others
-- name a notification, and does not expire. Keys that were issued before get theirs here; a key that was issued to
-- several tenants belongs to the one that came first in the log, as the directory of each process has it.
insert into idempotency_keys (tenant_id, key, notification_id, expires_at)
select distinct on (issued.hash)
       '6f727165-7374-7261-8000-6170696b6579'::uuid,
       'api-key:' || issued.hash,
       issued.tenant_id,
       timestamptz '9999-12-31 23:59:59+00'
  from (
        select e.payload #>> '{ApiKeyIssued,hash}' as hash, e.tenant_id, e.position
          from events e
         where e.aggregate_type in ('Tenant', 'Template') and e.event_type = 'ApiKeyIssued'
       ) issued
 where issued.hash is not null
 order by issued.hash, issued.position
    on conflict on constraint idempotency_keys_pkey do nothing;

comment on column idempotency_keys.notification_id is
    'What the key stands for: a notification, or the tenant that an API key belongs to.';
