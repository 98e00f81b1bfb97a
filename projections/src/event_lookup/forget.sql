with forgotten as (
    insert into event_lookup_forgotten{g} as kept (tenant_id, recipient_ref, position)
    select f.tenant_id, f.recipient_ref, f.position
      from unnest($1::uuid[], $2::bytea[], $3::bigint[]) as f (tenant_id, recipient_ref, position)
        on conflict (tenant_id, recipient_ref) do update
       set position = excluded.position
     where kept.position < excluded.position
)
delete from event_lookup{g} as gone
 using unnest($1::uuid[], $2::bytea[], $3::bigint[]) as f (tenant_id, recipient_ref, position)
 where gone.tenant_id = f.tenant_id and gone.recipient_ref = f.recipient_ref and gone.position < f.position
