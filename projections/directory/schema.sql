create table directory.users (
    uuid        uuid        not null,
    account_id  bigint      not null,
    -- The position of the registration: unique, increasing, the same after a rebuild.
    id          bigint      not null,
    uid         text        not null,
    name        text,
    username    text,
    email       text,
    avatar_url  text,
    role        text,
    metadata    jsonb,
    tags        text[]      not null,
    created_at  timestamptz not null,
    modified_at timestamptz not null,
    constraint users_one_per_uuid primary key (uuid),
    constraint users_one_per_uid unique (account_id, uid),
    constraint users_one_per_id unique (account_id, id)
);

-- Lists by name.
create index users_by_name on directory.users
    (account_id, lower(coalesce(name, username, uid) collate "und-x-icu"), id);

-- Part of a shown name or uid, whatever its case: in every language, whatever the database's own locale is.
create extension if not exists pg_trgm with schema public;
create index users_by_part_of_name on directory.users using gin
    (lower(coalesce(name, username, uid) collate "und-x-icu") public.gin_trgm_ops,
     lower(uid collate "und-x-icu") public.gin_trgm_ops)
    -- Users are registered seldom and searched often.
    with (fastupdate = off);
