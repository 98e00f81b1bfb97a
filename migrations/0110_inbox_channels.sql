-- A push is published under its number in its channel: how many of the recipient's pushes of the category were rendered up to
-- it. Counted when a page joins the channel, and not stored: whichever version writes the rows, and however often they are
-- rebuilt, the count is the same.
create index inbox_channel on inbox (tenant_id, recipient_ref, category, rendered_position)
    where rendered_position is not null;

comment on column inbox.rendered_position is 'Of the rendering, in the log: orders a channel''s publications. No recipient is told it.';
