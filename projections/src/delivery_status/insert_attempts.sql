insert into attempts{g} as kept (
    tenant_id, notification_id, channel, attempt, provider, started_at, ended_at, outcome, cause, possible_duplicate,
    sequence, instance
)
select r.tenant_id, r.notification_id, r.channel, r.attempt, r.provider, r.started_at, r.ended_at, r.outcome, r.cause,
       r.possible_duplicate, r.sequence, r.instance
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::text[], $6::timestamptz[], $7::timestamptz[],
              $8::text[], $9::text[], $10::boolean[], $11::bigint[], $12::uuid[])
       as r (tenant_id, notification_id, channel, attempt, provider, started_at, ended_at, outcome, cause,
             possible_duplicate, sequence, instance)
    on conflict (tenant_id, notification_id, channel, attempt) do update
   set ended_at = excluded.ended_at, outcome = excluded.outcome, cause = excluded.cause, sequence = excluded.sequence
 where kept.sequence < excluded.sequence
