-- Indexes that only queries need: built after the rows have been filled in.

-- Contextual chats, by the host system's uid.
create index if not exists conversations_by_uid on conversations (account_id, uid)
    where uid is not null;
