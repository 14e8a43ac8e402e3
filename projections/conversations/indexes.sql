-- What only questions need: made when the rows are there.

-- The contextual chat that the host system has a name for.
create index if not exists conversations_by_uid on conversations (account_id, uid)
    where uid is not null;
