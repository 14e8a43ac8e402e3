-- What only questions need: made when the rows are there.

-- Lists by name.
create index if not exists users_by_name on users
    (account_id, fold(coalesce(name, username, uid)) collate "und-x-icu", id);

-- Whose tokens were taken back: read by every node when it starts.
create index if not exists users_by_revocation on users (uuid)
    where tokens_revoked_until is not null;

-- Part of a shown name or uid, ignoring case and, in the last, accents: in every language,
-- in databases of every locale.
create extension if not exists pg_trgm with schema public;
create index if not exists users_by_part_of_name on users using gin
    (fold(coalesce(name, username, uid)) public.gin_trgm_ops,
     fold(uid) public.gin_trgm_ops,
     unaccented(coalesce(name, '') || ' ' || coalesce(username, '') || ' ' || uid)
         public.gin_trgm_ops)
    -- Users are registered seldom and searched often.
    with (fastupdate = off);

-- Who can take care of support conversations, among all users.
create index if not exists users_who_are_agents on users (account_id, id)
    where role in ('agent', 'administrator');
