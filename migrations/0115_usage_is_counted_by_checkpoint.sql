-- From now on the checkpoint alone says what is counted. A rebuild of the version before may have counted beyond it, also where
-- the subscription never ran: the rows tell by their positions what that was.
lock table usage_minutes, checkpoints in share row exclusive mode;

insert into checkpoints (subscription, partition, after, position, epoch)
select 'usage-v1', 0, coalesce(stands.position, -1), counted.position, coalesce(stands.epoch, 0)
  from (select max(position) as position from usage_minutes) as counted
  left join (select position, epoch from checkpoints
              where subscription = 'usage-v1' order by after desc limit 1) as stands on true
 where counted.position > coalesce(stands.position, -1);

comment on column usage_minutes.position is 'Of the last acceptance counted. Decides nothing: the checkpoint does.';
