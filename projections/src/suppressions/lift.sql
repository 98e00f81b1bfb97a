update suppressions{g} as kept
   set suppressed = false, sequence = r.sequence
  from unnest($1::uuid[], $2::bytea[], $3::bigint[]) as r (tenant_id, address_ref, sequence)
 where kept.tenant_id = r.tenant_id and kept.address_ref = r.address_ref and kept.sequence < r.sequence
