insert into usage_minutes{g} as u (minute, tenant_id, accepted, seconds, position)
select g.minute, g.tenant_id, g.accepted, g.seconds::integer[], g.position
  from unnest($1::timestamptz[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[])
       as g (minute, tenant_id, accepted, seconds, position)
    on conflict (minute, tenant_id) do update
   set accepted = u.accepted + excluded.accepted,
       seconds = (select array_agg(s.ours + s.theirs order by s.number)
                    from unnest(u.seconds, excluded.seconds) with ordinality as s (ours, theirs, number)),
       position = greatest(u.position, excluded.position)
