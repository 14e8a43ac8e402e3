-- Case folding for comparisons: full case folding in normal form C, in every language, whatever
-- the database's locale. Lower case first, because `upper` turns only the small sharp s into SS,
-- not the capital one. Dotted and dotless i stay distinct, as in a locale without a language.
create function fold(t text) returns text
    language sql immutable strict parallel safe
    return normalize(upper(lower(normalize(t, nfc) collate "und-x-icu")), nfc);

-- The same without accents, for name searches: Zoe and Zoë match each other. Only marks used with
-- Latin, Greek and Cyrillic are removed; in other scripts marks make different letters.
create function unaccented(t text) returns text
    language sql immutable strict parallel safe
    return normalize(regexp_replace(normalize(fold(t), nfd), U&'[\0300-\036F]', '', 'g'), nfc);

create table users (
    uuid        uuid        not null,
    account_id  bigint      not null,
    -- The account position of the registration: unique, increasing, and unchanged by a rebuild.
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
    -- Access tokens issued up to this time are refused.
    tokens_revoked_until timestamptz,
    constraint users_one_per_uuid primary key (uuid),
    constraint users_one_per_uid unique (account_id, uid),
    constraint users_one_per_id unique (account_id, id)
);

-- The number of users of an account, maintained so that no list has to count them.
create table user_counts (
    account_id bigint not null,
    users      bigint not null,
    constraint counts_one_per_account primary key (account_id)
);

create function apply_directory(changes jsonb) returns boolean
    language plpgsql as
$$
begin
    with inserted as (
        insert into users (uuid, account_id, id, uid, tags, created_at, modified_at)
        select r.uuid, n.account_id, n.id, n.uid, '{}', n.at, n.at
        from jsonb_to_recordset(changes -> 'users') as r (uuid uuid, registered jsonb)
        cross join jsonb_to_record(r.registered) as n (account_id bigint, id bigint, uid text,
                                                       at timestamptz)
        where r.registered is not null
        on conflict on constraint users_one_per_uuid do nothing
        returning account_id
    )
    insert into user_counts as c (account_id, users)
    select account_id, count(*) from inserted group by account_id
    on conflict on constraint counts_one_per_account do update
    set users = c.users + excluded.users;

    update users u
    set name = coalesce(r.name, u.name),
        username = coalesce(r.username, u.username),
        email = coalesce(r.email, u.email),
        avatar_url = coalesce(r.avatar_url, u.avatar_url),
        role = coalesce(r.role, u.role),
        metadata = coalesce(r.metadata, u.metadata),
        tags = coalesce(r.tags, u.tags),
        modified_at = coalesce(r.at, u.modified_at),
        tokens_revoked_until = greatest(r.tokens_revoked_until, u.tokens_revoked_until)
    from jsonb_to_recordset(changes -> 'users') as r
        (uuid uuid, at timestamptz, name text, username text, email text, avatar_url text,
         role text, metadata jsonb, tags text[], tokens_revoked_until timestamptz)
    where u.uuid = r.uuid;
    return true;
end
$$;
