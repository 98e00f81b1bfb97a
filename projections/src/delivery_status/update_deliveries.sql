update deliveries{g} as kept
   set status = coalesce(c.status, kept.status),
       reason = case when c.status is null then kept.reason else c.reason end,
       next_due = case when c.status is null then kept.next_due else c.next_due end,
       held_at = case when c.status is null then kept.held_at else c.held_at end,
       settled_at = case when c.status is null then kept.settled_at else c.settled_at end,
       provider = coalesce(c.provider, kept.provider),
       attempts = greatest(kept.attempts, c.attempts),
       last_cause = coalesce(c.last_cause, kept.last_cause),
       provider_message_id = coalesce(c.provider_message_id, kept.provider_message_id),
       possible_duplicate = kept.possible_duplicate or c.possible_duplicate,
       missing = case when c.missing is null then kept.missing
                      else array(select json_array_elements_text(c.missing::json)) end,
       rendered_at = coalesce(kept.rendered_at, c.rendered_at),
       first_attempt_at = coalesce(kept.first_attempt_at, c.first_attempt_at),
       sent_at = coalesce(kept.sent_at, c.sent_at),
       sequence = c.sequence
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
              $8::timestamptz[], $9::text[], $10::integer[], $11::text[], $12::text[], $13::boolean[], $14::text[],
              $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::bigint[])
       as c (tenant_id, notification_id, channel, status, reason, next_due, held_at, settled_at, provider, attempts,
             last_cause, provider_message_id, possible_duplicate, missing, rendered_at, first_attempt_at, sent_at,
             sequence)
 where kept.tenant_id = c.tenant_id and kept.notification_id = c.notification_id and kept.channel = c.channel
   and kept.sequence < c.sequence
