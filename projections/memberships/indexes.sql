-- Indexes that only queries need: built after the rows have been filled in.

-- A member's rooms and contextual chats, newest first.
create index if not exists members_by_number on members (user_id, trashed, number desc)
    where kind in ('room', 'contextual');

-- The private chat with a user.
create index if not exists members_with_another on members (user_id, other) where other is not null;

-- By activity, within each combination of filters.
create index if not exists memberships_by_rank on memberships (user_id, bucket, rank desc);

-- Pinned conversations, newest pin first.
create index if not exists memberships_by_pin on memberships (user_id, bucket, pinned desc)
    where pinned is not null;

-- By latest change of the shared state, per kind: trashed ones and large rooms are separate.
create index if not exists memberships_by_change on memberships
    (user_id, (bucket & 480), changed_at desc, conversation);

-- Finds the first marker that covered a message, which is among the first set after its posting.
-- Keyed by the conversation's hash, so that only that query can use the index: otherwise a plan for
-- one member's ranges, made while the table is empty, might choose this index over the member's own
-- rows.
create index if not exists read_ranges_in_log_order
    on read_ranges (uuid_hash(conversation), position);
