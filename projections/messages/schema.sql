-- The public number of each conversation, which its messages carry.
create table messages.conversations (
    uuid uuid   not null,
    id   bigint not null,
    constraint conversations_one_per_uuid primary key (uuid)
);

create table messages.messages (
    -- The position of the posting: increasing in posting order, the same after a rebuild.
    id           bigint      not null,
    uuid         uuid        not null,
    account_id   bigint      not null,
    conversation uuid        not null,
    app_id       bigint      not null,
    author       uuid        not null,
    text         text        not null,
    metadata     jsonb,
    tags         text[]      not null,
    created_at   timestamptz not null,
    modified_at  timestamptz,
    constraint messages_one_per_id primary key (id),
    constraint messages_one_per_uuid unique (uuid)
);

-- A page of one conversation, in either direction.
create index messages_of_a_conversation on messages.messages (app_id, id);
