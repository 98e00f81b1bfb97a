-- Keys by id ($1), by tenant and kind ($2, $3), and by tenant, person and month ($4, $5, $6).
-- The laterals keep it at one index look-up a key, however many are stored.
select key_id, tenant_id, kind, recipient_ref, month, wrapped
from data_keys
where key_id = any ($1)
union all
select k.key_id, k.tenant_id, k.kind, k.recipient_ref, k.month, k.wrapped
from unnest($2::uuid[], $3::smallint[]) as q (tenant_id, kind)
cross join lateral (
    select * from data_keys
    where tenant_id = q.tenant_id and kind = q.kind and recipient_ref is null and month is null
    limit 1
) as k
union all
select k.key_id, k.tenant_id, k.kind, k.recipient_ref, k.month, k.wrapped
from unnest($4::uuid[], $5::bytea[], $6::int[]) as q (tenant_id, recipient_ref, month)
cross join lateral (
    select * from data_keys
    where tenant_id = q.tenant_id and kind = 2 and recipient_ref = q.recipient_ref and month = q.month
    limit 1
) as k
