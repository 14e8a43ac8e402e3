-- How texts are compared where case does not matter, as everywhere (`fold_text` of messages says
-- why so).
create function fold_support(t text) returns text
    language sql immutable parallel safe
return case
    when octet_length(t) = length(t) then upper(t collate "und-x-icu")
    else normalize(upper(lower(normalize(t, nfc) collate "und-x-icu")), nfc)
end;

-- All that is shown of a support conversation.
create table support_conversations (
    conversation          uuid        not null,
    account_id            bigint      not null,
    -- The public number, as everywhere the account position of the creation.
    number                bigint      not null,
    -- The account position of the newest event.
    revision              bigint      not null,
    inbox                 uuid        not null,
    contact               uuid        not null,
    link                  uuid        not null,
    source_id             text        not null,
    status                text        not null,
    snoozed_until         timestamptz,
    priority              text,
    assignee              uuid,
    -- It may have been deleted since.
    team                  uuid,
    labels                text[]      not null default '{}',
    additional_attributes jsonb       not null,
    custom_attributes     jsonb       not null,
    muted                 boolean     not null default false,
    muted_until           timestamptz,
    newest_message        bigint,
    -- Incoming messages after `agents_seen_at`.
    unread_count          bigint      not null default 0,
    agents_seen_at        timestamptz,
    assignee_seen_at      timestamptz,
    last_incoming_at      timestamptz,
    created_at            timestamptz not null,
    last_activity_at      timestamptz not null,
    first_reply_at        timestamptz,
    waiting_since         timestamptz,
    updated_at            timestamptz not null,
    constraint support_conversations_one_per_uuid primary key (conversation),
    constraint support_conversations_one_per_number unique (account_id, number)
)
-- Every message changes its conversation's row, and no index entry.
with (fillfactor = 70);

-- What is said. What was deleted stays, with nothing in it.
create table support_messages (
    account_id         bigint      not null,
    -- The public number, as everywhere the account position of the posting.
    id                 bigint      not null,
    uuid               uuid        not null,
    conversation       uuid        not null,
    direction          text        not null,
    sender             text        not null,
    author             uuid,
    contact            uuid,
    private            boolean     not null,
    content_type       text        not null,
    text               text        not null,
    content_attributes jsonb,
    source_id          text,
    echo_id            text,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    deleted            boolean     not null,
    constraint support_messages_one_per_id primary key (account_id, id),
    constraint support_messages_one_per_uuid unique (uuid)
);

-- Parts of a conversation, and its newest message.
create index support_messages_of_a_conversation on support_messages (conversation, id);

-- How many came in since the agents looked.
create index support_messages_that_came_in on support_messages (conversation, created_at)
    where direction = 'incoming';

-- By what lists are ordered and filtered: made from the wide row, and with it in every way.
create table support_order (
    account_id       bigint      not null,
    number           bigint      not null,
    conversation     uuid        not null,
    inbox            uuid        not null,
    status           smallint    not null,
    -- 1 low to 4 urgent, 0 none.
    priority         smallint    not null,
    -- The null UUID stands for none, so that these can be compared, and counted by.
    assignee         uuid        not null,
    team             uuid        not null,
    -- Without a first reply, or waiting.
    unattended       boolean     not null,
    last_activity_at timestamptz not null,
    -- Infinity when no contact waits.
    waiting_since    timestamptz not null,
    updated_at       timestamptz not null,
    -- Status, and whether anybody takes care of it: most lists are one or two of these.
    bucket           smallint    not null,
    constraint support_order_one_per_number primary key (account_id, number)
)
with (fillfactor = 80);

-- Not strict, so that it becomes part of the statement that it is in: called row by row, and made
-- ready for each batch, it took a sixth of what a small one takes.
create function support_status(status text) returns smallint
    language sql immutable parallel safe
return case status
    when 'open' then 0 when 'resolved' then 1 when 'pending' then 2 when 'snoozed' then 3
end;

-- A column that is generated would be the same by definition; what it is generated by is read and
-- made ready for each batch, though, and not when the statement is prepared.
create function support_bucket(status text, assignee uuid) returns smallint
    language sql immutable parallel safe
return (support_status(status) * 2 + (assignee is not null)::int)::smallint;

create function support_priority(priority text) returns smallint
    language sql immutable parallel safe
return case priority
    when 'low' then 1 when 'medium' then 2 when 'high' then 3 when 'urgent' then 4 else 0
end;
