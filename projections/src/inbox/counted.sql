select (
           select count(*)
             from inbox i
            where i.tenant_id = $1 and i.recipient_ref = $2 and i.category = $3 and i.rendered_position <= $4
       ) as number,
       (
           select f.position
             from inbox_forgotten f
            where f.tenant_id = $1 and f.recipient_ref = $2
       ) as forgotten
