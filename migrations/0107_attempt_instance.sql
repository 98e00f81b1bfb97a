-- Which entry of the provider configuration carried an attempt: two servers of a tenant have one kind.
alter table attempts add column instance uuid;
-- These two kinds have one instance each, also in events from before it was kept.
update attempts
   set instance = case provider when 'sandbox' then '6f727165-7374-7261-8000-73616e64626f'::uuid
                                else '6f727165-7374-7261-8000-000000687562'::uuid end
 where provider in ('sandbox', 'hub');

comment on column attempts.provider is 'The kind of the provider.';
comment on column attempts.instance is 'The provider''s entry in the configuration; null in attempts by SMTP from before it was kept.';
