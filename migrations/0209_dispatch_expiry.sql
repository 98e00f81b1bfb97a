-- Messages with a deadline of their own, from `expiresIn` of the trigger or the template: found when it has come, also while their
-- lane takes nothing up. Those of the installation's lifetime need no mark: their lane's order finds them.
alter table dispatch_due add column expires_at timestamptz;

create index dispatch_due_expires on dispatch_due (expires_at) where expires_at is not null and kind = 'send';

comment on column dispatch_due.expires_at is 'When the message stops being of use, where the trigger or the template says so.';
