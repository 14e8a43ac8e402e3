-- Indexes that only queries need: built after the rows have been filled in.

-- A list is a few ranges of one of these indexes, each in the list's order. The indexes include the
-- other filter columns, so that skipped rows are never fetched.
create index if not exists support_of_an_account on support_order
    (account_id, bucket, last_activity_at, number) include (inbox, team, assignee);
create index if not exists support_of_an_inbox on support_order
    (inbox, bucket, last_activity_at, number) include (team, assignee);
create index if not exists support_of_a_team on support_order
    (team, bucket, last_activity_at, number) include (inbox, assignee)
    where team <> '00000000-0000-0000-0000-000000000000';
create index if not exists support_of_an_assignee on support_order
    (assignee, bucket, last_activity_at, number) include (inbox, team)
    where assignee <> '00000000-0000-0000-0000-000000000000';

-- The same by creation, priority and waiting time, within an inbox.
create index if not exists support_by_creation on support_order
    (inbox, bucket, number) include (team, assignee);
create index if not exists support_by_priority on support_order
    (inbox, bucket, priority, last_activity_at, number) include (team, assignee);
create index if not exists support_by_waiting on support_order
    (inbox, bucket, waiting_since, number) include (team, assignee);

-- Recently changed conversations.
create index if not exists support_by_change on support_order (account_id, updated_at);

-- Unattended conversations.
create index if not exists support_unattended on support_order (account_id, inbox, bucket)
    where unattended;

-- Look-ups by source id, contact, link and label.
create index if not exists support_of_a_source_id on support_conversations (account_id, source_id);
create index if not exists support_of_a_contact on support_conversations (contact, number);
create index if not exists support_of_a_link on support_conversations (link, number);
create extension if not exists pg_trgm with schema public;
create extension if not exists btree_gin with schema public;
create index if not exists support_labels
    on support_conversations using gin ((account_id::text), labels)
    with (fastupdate = off);

-- Search by part of a text, ignoring case. Contains the account, so that messages of other accounts
-- are not read.
create index if not exists support_messages_by_part_of_text on support_messages using gin
    ((account_id::text), fold_support(text) public.gin_trgm_ops)
    -- As for `messages_by_part_of_text`.
    with (fastupdate = on, gin_pending_list_limit = 8192);
