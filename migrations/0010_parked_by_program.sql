-- By which program an aggregate was set aside, so that another version tries it again.
alter table parked_events add column program text not null default '';

comment on column parked_events.program is 'The program that could not handle it, as orqestra/<version>; empty where an older one did not say.';
