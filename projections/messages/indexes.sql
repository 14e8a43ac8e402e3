-- What only questions need: made when the rows are there.

-- Part of a text, ignoring case. The conversation is in it, so that what is written elsewhere
-- is not looked at.
create extension if not exists pg_trgm with schema public;
create extension if not exists btree_gin with schema public;
create index if not exists messages_by_part_of_text on messages using gin
    ((conversation::text), fold_text(text) public.gin_trgm_ops)
    -- Messages come often and are searched seldom: what is new waits in a list that every search
    -- reads. Spreading it over the index at once would take 15 times as long, and less so the
    -- longer the list is.
    with (fastupdate = on, gin_pending_list_limit = 8192);
