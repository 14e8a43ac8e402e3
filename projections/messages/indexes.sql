-- Indexes that only queries need: built after the rows have been filled in.

-- Search by part of a text, ignoring case. Contains the conversation, so that messages of other
-- conversations are not read.
create extension if not exists pg_trgm with schema public;
create extension if not exists btree_gin with schema public;
create index if not exists messages_by_part_of_text on messages using gin
    ((conversation::text), fold_text(text) public.gin_trgm_ops)
    -- Messages are posted often and searched seldom: new entries wait in a pending list that every
    -- search reads. Inserting each into the index at once would take 15 times as long; the longer
    -- the list, the cheaper the merge.
    with (fastupdate = on, gin_pending_list_limit = 8192);
