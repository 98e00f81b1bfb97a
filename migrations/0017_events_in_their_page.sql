-- An event stays in the page of its row up to 4 KB. PostgreSQL moves a payload into the TOAST table once the row is over 2 KB,
-- a second row with an index entry of its own. The acceptance of an ordinary notification has about that size, so each one was
-- two inserts under the lock that all appends wait for. Half of a page still holds two rows. The setting holds for rows to come.
alter table events set (toast_tuple_target = 4080);
