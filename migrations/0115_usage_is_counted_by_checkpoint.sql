-- From now on the checkpoint alone says what is counted. A rebuild of the version before may have counted beyond it: rows told by
-- their positions what that was.
insert into checkpoints (subscription, partition, after, position, epoch)
select 'usage-v1', 0, stands.position, counted.position, stands.epoch
  from (select position, epoch from checkpoints
         where subscription = 'usage-v1' order by after desc limit 1) as stands,
       (select max(position) as position from usage_minutes) as counted
 where counted.position > stands.position;

comment on column usage_minutes.position is 'Of the last acceptance counted. Decides nothing: the checkpoint does.';
