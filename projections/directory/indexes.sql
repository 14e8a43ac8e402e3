-- Indexes that only queries need: built after the rows have been filled in.

-- Lists by name.
create index if not exists users_by_name on users
    (account_id, fold(coalesce(name, username, uid)) collate "und-x-icu", id);

-- Users with revoked tokens: read by every node when it starts.
create index if not exists users_by_revocation on users (uuid)
    where tokens_revoked_until is not null;

-- Search by part of a display name or uid, ignoring case and, in the last expression, accents: in
-- every language, whatever the database's locale.
create extension if not exists pg_trgm with schema public;
create index if not exists users_by_part_of_name on users using gin
    (fold(coalesce(name, username, uid)) public.gin_trgm_ops,
     fold(uid) public.gin_trgm_ops,
     unaccented(coalesce(name, '') || ' ' || coalesce(username, '') || ' ' || uid)
         public.gin_trgm_ops)
    -- Users are registered seldom, and searched often.
    with (fastupdate = off);

-- Users who can be assigned support conversations.
create index if not exists users_who_are_agents on users (account_id, id)
    where role in ('agent', 'administrator');
