-- What is large in a payload is sealed, base64 of what is as good as random: trying to compress it finds nothing and takes
-- half of the time of storing a large event, under the lock that all appends wait for. Holds for rows to come.
alter table events alter column payload set storage external;
