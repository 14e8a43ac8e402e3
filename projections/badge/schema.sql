create table badge.conversations (
    uuid            uuid    not null,
    kind            text    not null,
    trashed         boolean not null default false,
    newest_id       bigint,
    newest_author   uuid,
    newest_by_other bigint,
    constraint conversations_one_per_uuid primary key (uuid)
);

-- Which messages there are, to know the newest ones when one is deleted.
create table badge.messages (
    uuid         uuid   not null,
    conversation uuid   not null,
    id           bigint not null,
    author       uuid   not null,
    constraint messages_one_per_id primary key (conversation, id),
    constraint messages_one_per_uuid unique (uuid)
);

-- What has to be known of a member to tell whether the conversation counts for them. A message changes only
-- the seats that had read everything: who has unread messages already is not touched again.
create table badge.seats (
    user_id       uuid    not null,
    conversation  uuid    not null,
    membership    bigint  not null,
    kind          text    not null,
    trashed       boolean not null,
    marker        bigint,
    marked_unread boolean not null default false,
    archived      boolean not null default false,
    muted         boolean not null default false,
    unread        boolean not null,
    counted       boolean not null
        generated always as (unread and not trashed and not archived and not muted) stored,
    constraint seats_one_per_member primary key (user_id, conversation)
);

create index seats_of_a_conversation on badge.seats (conversation);

create table badge.counts (
    user_id uuid   not null,
    private bigint not null,
    rooms   bigint not null,
    chat    bigint not null,
    constraint counts_one_per_user primary key (user_id),
    constraint counts_are_not_negative check (private >= 0 and rooms >= 0 and chat >= 0)
);

-- The counts follow the seats by what changed in them, statement by statement: there is one place where a
-- seat comes to count or ceases to, whatever the cause.
create function badge.count_changes() returns trigger
    language plpgsql as
$$
begin
    if tg_op = 'INSERT' then
        insert into badge.counts as c (user_id, private, rooms, chat)
        select user_id, count(*) filter (where kind = 'private'), count(*) filter (where kind = 'room'),
               count(*) filter (where kind = 'contextual')
        from new_seats where counted group by user_id
        on conflict on constraint counts_one_per_user do update
        set private = c.private + excluded.private,
            rooms = c.rooms + excluded.rooms,
            chat = c.chat + excluded.chat;
    elsif tg_op = 'DELETE' then
        update badge.counts c
        set private = c.private - d.private, rooms = c.rooms - d.rooms, chat = c.chat - d.chat
        from (select user_id, count(*) filter (where kind = 'private') as private,
                     count(*) filter (where kind = 'room') as rooms,
                     count(*) filter (where kind = 'contextual') as chat
              from old_seats where counted group by user_id) d
        where c.user_id = d.user_id;
    else
        with delta as (
            select n.user_id, n.kind, n.counted::int - o.counted::int as change
            from new_seats n
            join old_seats o on o.user_id = n.user_id and o.conversation = n.conversation
            where n.counted <> o.counted
        ), summed as (
            select user_id,
                   coalesce(sum(change) filter (where kind = 'private'), 0) as private,
                   coalesce(sum(change) filter (where kind = 'room'), 0) as rooms,
                   coalesce(sum(change) filter (where kind = 'contextual'), 0) as chat
            from delta group by user_id
        ), present as (
            update badge.counts c
            set private = c.private + s.private, rooms = c.rooms + s.rooms, chat = c.chat + s.chat
            from summed s
            where c.user_id = s.user_id
            returning c.user_id
        )
        insert into badge.counts (user_id, private, rooms, chat)
        select user_id, private, rooms, chat from summed s
        where not exists (select from present p where p.user_id = s.user_id);
    end if;
    return null;
end
$$;

create trigger seats_count_inserted after insert on badge.seats
    referencing new table as new_seats
    for each statement execute function badge.count_changes();
create trigger seats_count_deleted after delete on badge.seats
    referencing old table as old_seats
    for each statement execute function badge.count_changes();
create trigger seats_count_updated after update on badge.seats
    referencing old table as old_seats new table as new_seats
    for each statement execute function badge.count_changes();
