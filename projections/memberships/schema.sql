-- The members of a conversation. A row exists as long as the membership; only trashing updates it.
create table members (
    conversation  uuid        not null,
    user_id       uuid        not null,
    -- The account position of the event that added the member.
    membership    bigint      not null,
    joined_at     timestamptz not null,
    -- The member's own stream, which names the membership.
    participation uuid        not null,
    -- Copied from the conversation, for lists that are ordered by this table.
    number        bigint      not null,
    kind          text        not null,
    trashed       boolean     not null,
    -- The other member of a private chat.
    other         uuid,
    constraint members_one_per_user primary key (conversation, user_id),
    constraint members_one_per_participation unique (participation)
);

create function kind_number(kind text) returns smallint
    language sql immutable parallel safe
return case kind when 'private' then 0 when 'room' then 1 when 'contextual' then 2 end;

-- Each member's own state, and the sort columns of their lists. A change of the state alone touches
-- no index; the columns that a message changes are in few indexes.
create table memberships (
    user_id       uuid        not null,
    conversation  uuid        not null,
    membership    bigint      not null,
    -- The number of the newest message, or of the conversation if there is none. In large rooms
    -- this column, `changed_at` and all columns below that derive from the conversation keep their
    -- initial values; reads join the conversation instead.
    rank          bigint      not null,
    changed_at    timestamptz not null,
    -- The account position of the pin, which orders pinned conversations; null: not pinned.
    pinned        bigint,
    marker        bigint,
    -- The account position of the marking as read, unless marked as unread since.
    bookmark      bigint,
    marked_at     timestamptz,
    -- When it was last marked as read; marking as unread does not reset it.
    opened_at     timestamptz,
    archived_at   timestamptz,
    muted_until   timestamptz,
    kind          smallint    not null,
    is_large      boolean     not null,
    trashed       boolean     not null,
    is_empty      boolean     not null,
    marked_unread boolean     not null default false,
    unread        boolean     not null,
    muted         boolean     not null default false,
    starred       boolean     not null default false,
    subscribed    boolean     not null default true,
    -- All filters of lists, encoded as one number: a list with any filter is a few ranges of one
    -- index, and its length is the sum of a few counts.
    bucket        smallint    not null generated always as
        ((is_large::int * 256 + kind * 64 + trashed::int * 32 + is_empty::int * 16
          + (archived_at is not null)::int * 8
          + muted::int * 4 + unread::int * 2 + (pinned is not null)::int)::smallint) stored,
    constraint memberships_one_per_member primary key (user_id, conversation)
)
with (fillfactor = 80);

-- The number of memberships of a user per bucket: gives the badge and the length of every list.
create table membership_counts (
    user_id     uuid     not null,
    bucket      smallint not null,
    memberships bigint   not null,
    constraint counts_one_per_bucket primary key (user_id, bucket),
    constraint counts_are_not_negative check (memberships >= 0)
)
with (fillfactor = 50);

-- Maintains the counts after every statement that changes memberships: one place for every cause of
-- a change.
create function count_memberships() returns trigger
    language plpgsql as
$$
begin
    -- A restore, or a change by hand, runs without the schema in its search path.
    if to_regclass('membership_counts') is null then
        perform set_config('search_path', tg_table_schema, true);
    end if;
    if tg_op = 'INSERT' then
        insert into membership_counts as c (user_id, bucket, memberships)
        select user_id, bucket, count(*) from new_rows group by user_id, bucket
        on conflict on constraint counts_one_per_bucket do update
        set memberships = c.memberships + excluded.memberships;
    elsif tg_op = 'DELETE' then
        update membership_counts c
        set memberships = c.memberships - d.memberships
        from (select user_id, bucket, count(*) as memberships from old_rows
              group by user_id, bucket) d
        where c.user_id = d.user_id and c.bucket = d.bucket;
    else
        -- Deliberately not a join of old and new rows: the planner would assume as many rows as
        -- there were when the function first ran, and use a nested loop even for many rows.
        with changed as materialized (
            select user_id, bucket, sum(change) as change
            from (select user_id, bucket, 1 as change from new_rows
                  union all
                  select user_id, bucket, -1 from old_rows) both_ways
            group by user_id, bucket
            having sum(change) <> 0
        ), risen as (
            insert into membership_counts as c (user_id, bucket, memberships)
            select user_id, bucket, change from changed where change > 0
            on conflict on constraint counts_one_per_bucket do update
            set memberships = c.memberships + excluded.memberships
        )
        update membership_counts c
        set memberships = c.memberships + d.change
        from changed d
        where d.change < 0 and c.user_id = d.user_id and c.bucket = d.bucket;
    end if;
    return null;
end
$$;

create trigger memberships_count_inserted after insert on memberships
    referencing new table as new_rows
    for each statement execute function count_memberships();
create trigger memberships_count_deleted after delete on memberships
    referencing old table as old_rows
    for each statement execute function count_memberships();
create trigger memberships_count_updated after update on memberships
    referencing old table as old_rows new table as new_rows
    for each statement execute function count_memberships();

-- When a member's marker came to cover the messages up to `top`, above the next lower `top`.
create table read_ranges (
    user_id      uuid        not null,
    conversation uuid        not null,
    top          bigint      not null,
    position     bigint      not null,
    at           timestamptz not null,
    constraint read_ranges_one_per_top primary key (user_id, conversation, top)
);
