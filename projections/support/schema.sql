-- Case folding for comparisons, the same as in the other read models (`fold_text` of messages
-- explains it).
create function fold_support(t text) returns text
    language sql immutable parallel safe
return case
    when octet_length(t) = length(t) then upper(t collate "und-x-icu")
    else normalize(upper(lower(normalize(t, nfc) collate "und-x-icu")), nfc)
end;

-- Everything that is shown of a support conversation.
create table support_conversations (
    conversation          uuid        not null,
    account_id            bigint      not null,
    -- The public number: the account position of the creation.
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
    -- The team may have been deleted since.
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
-- Every message updates its conversation's row, but no index entry.
with (fillfactor = 70);

-- Messages of support conversations. A deleted message keeps its row, without content.
create table support_messages (
    account_id         bigint      not null,
    -- The public number: the account position of the posting.
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

-- Pages of a conversation, and its newest message.
create index support_messages_of_a_conversation on support_messages (conversation, id);

-- Counts incoming messages since `agents_seen_at`.
create index support_messages_that_came_in on support_messages (conversation, created_at)
    where direction = 'incoming';

-- The columns by which lists are ordered and filtered: derived from the wide row, and written and
-- deleted with it.
create table support_order (
    account_id       bigint      not null,
    number           bigint      not null,
    conversation     uuid        not null,
    inbox            uuid        not null,
    status           smallint    not null,
    -- 1 low to 4 urgent, 0 none.
    priority         smallint    not null,
    -- The nil UUID means none, so that these columns can be compared and grouped by.
    assignee         uuid        not null,
    team             uuid        not null,
    -- Without a first reply, or with a waiting contact.
    unattended       boolean     not null,
    last_activity_at timestamptz not null,
    -- Infinity when no contact waits.
    waiting_since    timestamptz not null,
    updated_at       timestamptz not null,
    -- Status, and whether there is an assignee: most lists are one or two buckets.
    bucket           smallint    not null,
    constraint support_order_one_per_number primary key (account_id, number)
)
with (fillfactor = 80);

-- Not strict, so that it is inlined: called per row and prepared per batch, it took a sixth of the
-- time of a small batch.
create function support_status(status text) returns smallint
    language sql immutable parallel safe
return case status
    when 'open' then 0 when 'resolved' then 1 when 'pending' then 2 when 'snoozed' then 3
end;

-- Deliberately not a generated column: its expression would be parsed and planned for each batch
-- instead of once when the statement is prepared.
create function support_bucket(status text, assignee uuid) returns smallint
    language sql immutable parallel safe
return (support_status(status) * 2 + (assignee is not null)::int)::smallint;

create function support_priority(priority text) returns smallint
    language sql immutable parallel safe
return case priority
    when 'low' then 1 when 'medium' then 2 when 'high' then 3 when 'urgent' then 4 else 0
end;
