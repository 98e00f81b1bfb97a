insert into deliveries{g} as kept (
    tenant_id, notification_id, channel, delivery_id, recipient_ref, event_type, template_id, template_version,
    accepted_at, position, status, reason, next_due, held_at, settled_at, provider, attempts, last_cause,
    provider_message_id, possible_duplicate, missing, rendered_at, first_attempt_at, sent_at, sequence
)
select r.tenant_id, r.notification_id, r.channel, r.delivery_id, r.recipient_ref, r.event_type,
       r.template_id, r.template_version, r.accepted_at, r.position, r.status, r.reason, r.next_due, r.held_at,
       r.settled_at, r.provider, r.attempts, r.last_cause, r.provider_message_id, r.possible_duplicate,
       case when r.missing is null then '{}' else array(select json_array_elements_text(r.missing::json)) end,
       r.rendered_at, r.first_attempt_at, r.sent_at, r.sequence
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
              $8::timestamptz[], $9::text[], $10::integer[], $11::text[], $12::text[], $13::boolean[], $14::text[],
              $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::bigint[], $19::uuid[], $20::bytea[],
              $21::text[], $22::uuid[], $23::integer[], $24::timestamptz[], $25::bigint[])
       as r (tenant_id, notification_id, channel, status, reason, next_due, held_at, settled_at, provider, attempts,
             last_cause, provider_message_id, possible_duplicate, missing, rendered_at, first_attempt_at, sent_at,
             sequence, delivery_id, recipient_ref, event_type, template_id, template_version, accepted_at,
             position)
    on conflict (tenant_id, notification_id, channel) do update
   set status = excluded.status, reason = excluded.reason, next_due = excluded.next_due,
       held_at = excluded.held_at, settled_at = excluded.settled_at, provider = excluded.provider,
       attempts = excluded.attempts, last_cause = excluded.last_cause,
       provider_message_id = excluded.provider_message_id, possible_duplicate = excluded.possible_duplicate,
       missing = excluded.missing, rendered_at = excluded.rendered_at,
       first_attempt_at = excluded.first_attempt_at, sent_at = excluded.sent_at, sequence = excluded.sequence
 where kept.sequence < excluded.sequence
