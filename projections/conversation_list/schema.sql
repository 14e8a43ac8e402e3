create table conversation_list.conversations (
    uuid         uuid        not null,
    account_id   bigint      not null,
    -- The position of the creation: unique, increasing, the same after a rebuild.
    id           bigint      not null,
    kind         text        not null,
    uid          text,
    name         text,
    description  text,
    metadata     jsonb,
    tags         text[]      not null,
    created_at   timestamptz not null,
    created_by   uuid,
    modified_at  timestamptz not null,
    modified_by  uuid,
    trashed      boolean     not null default false,
    avatar_url   text,
    member_count bigint      not null default 0,
    constraint conversations_one_per_uuid primary key (uuid),
    constraint conversations_one_per_id unique (account_id, id)
);

create table conversation_list.members (
    conversation uuid   not null,
    user_id      uuid   not null,
    -- The position of the event that let them in.
    membership   bigint not null,
    joined_at    timestamptz not null,
    -- The member's own stream, which names the membership.
    participation uuid not null,
    constraint members_one_per_user primary key (conversation, user_id),
    constraint members_one_per_participation unique (participation)
);
