-- Keys by id ($1), by tenant and kind ($2, $3), and by tenant, person and month ($4, $5, $6); none of an expired month.
-- The laterals keep it at one index look-up a key, however many are stored.
select k.key_id, k.tenant_id, k.kind, k.recipient_ref, k.month, k.wrapped
from data_keys as k
where k.key_id = any ($1)
  and (select true from expired_months x where x.tenant_id = k.tenant_id and x.month = k.month limit 1) is null
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
where (select true from expired_months x where x.tenant_id = k.tenant_id and x.month = k.month limit 1) is null
