-- What only questions need: made when the rows are there.

-- A member's conversations of people at large, newest first.
create index if not exists members_by_number on members (user_id, trashed, number desc)
    where kind in ('room', 'contextual');

-- The private chat with a user.
create index if not exists members_with_another on members (user_id, other) where other is not null;

-- By activity, within each combination of what is filtered by.
create index if not exists memberships_by_rank on memberships (user_id, bucket, rank desc);

-- The pinned ones, the newest pin first.
create index if not exists memberships_by_pin on memberships (user_id, bucket, pinned desc)
    where pinned is not null;

-- By what changed last for everyone, of each kind: the trash and large rooms stand apart.
create index if not exists memberships_by_change on memberships
    (user_id, (bucket & 480), changed_at desc, conversation);

-- The first marker to cover a message is among the first that were set after it was posted. By the
-- conversation's hash, so that only that question can use it: a query for a member's ranges
-- would else be offered those of all members, and a plan that is made while the table is empty has
-- no reason to prefer the member's own.
create index if not exists read_ranges_in_log_order
    on read_ranges (uuid_hash(conversation), position);
