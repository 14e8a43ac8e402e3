create table inbox.conversations (
    uuid            uuid        not null,
    account_id      bigint      not null,
    id              bigint      not null,
    kind            text        not null,
    name            text,
    created_by      uuid,
    created_at      timestamptz not null,
    trashed         boolean     not null default false,
    -- The newest message, its author, and the newest by anyone else: enough to know for each member what the
    -- newest by somebody else is.
    newest_id       bigint,
    newest_author   uuid,
    newest_by_other bigint,
    -- The message that stands out for everyone.
    pinned_message  uuid,
    -- The newest change that everyone sees, to the millisecond that is shown.
    changed_at      timestamptz not null,
    constraint conversations_one_per_uuid primary key (uuid),
    constraint conversations_one_per_id unique (account_id, id)
);

create index conversations_with_a_pinned_message on inbox.conversations (pinned_message)
    where pinned_message is not null;

-- Which messages there are: which is the newest, also when one is deleted, and when it was posted.
create table inbox.messages (
    uuid         uuid        not null,
    conversation uuid        not null,
    id           bigint      not null,
    author       uuid        not null,
    at           timestamptz not null,
    constraint messages_one_per_id primary key (conversation, id),
    constraint messages_one_per_uuid unique (uuid)
);

create table inbox.seats (
    user_id       uuid        not null,
    conversation  uuid        not null,
    membership    bigint      not null,
    -- Of the conversation, kept with the seat so that every order and filter of a list is one index range.
    id            bigint      not null,
    kind          text        not null,
    -- The other one of the two in a private chat.
    other         uuid,
    trashed       boolean     not null,
    newest_id     bigint,
    others_id     bigint,
    changed_at    timestamptz not null,
    -- The member's own.
    marker        bigint,
    marked_at     timestamptz,
    marked_unread boolean     not null default false,
    -- When it was marked as read last; marking it unread does not take that back.
    opened_at     timestamptz,
    -- The position where it was marked as read, if it was not marked as unread since.
    bookmark      bigint,
    -- The position of the pin, which orders the pinned ones; null: not pinned.
    pinned        bigint,
    muted         boolean     not null default false,
    muted_until   timestamptz,
    archived_at   timestamptz,
    starred       boolean     not null default false,
    subscribed    boolean     not null default true,
    unread        boolean     not null
        generated always as (marked_unread or coalesce(others_id, 0) > coalesce(marker, 0)) stored,
    -- Muted, archived and pinned as one number: a list with any filter on them is a few ranges of one index.
    flags         smallint    not null
        generated always as ((muted::int * 4 + (archived_at is not null)::int * 2 + (pinned is not null)::int)::smallint) stored,
    -- Its newest message's number or, before there is one, its own.
    active        bigint      not null generated always as (coalesce(newest_id, id)) stored,
    constraint seats_one_per_member primary key (user_id, conversation)
)
with (fillfactor = 80);

-- The default order of the list, whole.
create index seats_in_list_order on inbox.seats
    (user_id, trashed, pinned desc nulls last, newest_id desc nulls last, id desc);

-- The same for what is unread, which is few of many.
create index seats_unread_in_list_order on inbox.seats
    (user_id, trashed, pinned desc nulls last, newest_id desc nulls last, id desc)
    where unread;

-- The order by activity, within each combination of flags.
create index seats_by_activity on inbox.seats (user_id, trashed, flags, active desc);

-- The order by what changed last for everyone, of all or of private chats alone.
create index seats_by_change on inbox.seats (user_id, trashed, changed_at desc, conversation);
create index private_seats_by_change on inbox.seats (user_id, trashed, changed_at desc, conversation)
    where kind = 'private';

-- Rooms seen as groups of people, newest first.
create index seats_in_groups on inbox.seats (user_id, trashed, id desc) where kind <> 'private';

-- The private chat with somebody.
create index seats_with_another on inbox.seats (user_id, other) where other is not null;

-- From a conversation to its seats: for what a message changes, and for the markers that members show.
create index seats_of_a_conversation on inbox.seats (conversation);

-- Since when a member's marker covers the messages up to `top` and above the next lower `top`.
create table inbox.marks (
    user_id      uuid        not null,
    conversation uuid        not null,
    top          bigint      not null,
    position     bigint      not null,
    at           timestamptz not null,
    constraint marks_one_per_top primary key (user_id, conversation, top),
    constraint marks_go_with_their_seat foreign key (user_id, conversation)
        references inbox.seats on delete cascade
);

-- The first marker to cover a message is among the first that were set after it was posted.
create index marks_in_log_order on inbox.marks (conversation, position);
