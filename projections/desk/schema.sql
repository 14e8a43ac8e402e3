-- Case folding for comparisons, the same as in the other read models (`fold_text` of messages
-- explains it).
create function fold_contact(t text) returns text
    language sql immutable parallel safe
return case
    when octet_length(t) = length(t) then upper(t collate "und-x-icu")
    else normalize(upper(lower(normalize(t, nfc) collate "und-x-icu")), nfc)
end;

-- A channel through which support conversations arrive.
create table inboxes (
    uuid                        uuid    not null,
    account_id                  bigint  not null,
    -- The public number: the account position of the event that created it.
    number                      bigint  not null,
    channel                     text    not null,
    name                        text    not null,
    website_url                 text,
    email                       text,
    lock_to_single_conversation boolean not null default false,
    enable_auto_assignment      boolean not null default true,
    constraint inboxes_one_per_uuid primary key (uuid),
    constraint inboxes_one_per_number unique (account_id, number)
);

create table inbox_members (
    inbox   uuid not null,
    user_id uuid not null,
    constraint inbox_members_one_per_user primary key (inbox, user_id)
);

-- A team of agents. A deleted team has no row, even if conversations still refer to it.
create table teams (
    uuid              uuid    not null,
    account_id        bigint  not null,
    number            bigint  not null,
    name              text    not null,
    description       text,
    allow_auto_assign boolean not null default true,
    constraint teams_one_per_uuid primary key (uuid),
    constraint teams_one_per_number unique (account_id, number)
);

create table team_members (
    team    uuid not null,
    user_id uuid not null,
    constraint team_members_one_per_user primary key (team, user_id)
);

-- An external person whom agents support.
create table contacts (
    uuid                  uuid        not null,
    account_id            bigint      not null,
    number                bigint      not null,
    name                  text        not null default '',
    email                 text,
    phone_number          text,
    identifier            text,
    additional_attributes jsonb       not null default '{}',
    custom_attributes     jsonb       not null default '{}',
    created_at            timestamptz not null,
    -- When the contact last sent a message.
    last_activity_at      timestamptz,
    constraint contacts_one_per_uuid primary key (uuid),
    constraint contacts_one_per_number unique (account_id, number)
)
-- Every incoming message updates its contact's row, but no index entry.
with (fillfactor = 80);

-- The text that contact searches match, one field per line.
create function contact_text(name text, email text, phone_number text, identifier text) returns text
    language sql immutable parallel safe
return name || e'\n' || coalesce(email, '') || e'\n' || coalesce(phone_number, '') || e'\n'
    || coalesce(identifier, '');

-- The number of contacts of an account, maintained so that no list has to count them.
create table contact_counts (
    account_id bigint not null,
    contacts   bigint not null,
    constraint contact_counts_one_per_account primary key (account_id)
);

-- A contact's identity in an inbox.
create table contact_links (
    uuid       uuid   not null,
    account_id bigint not null,
    contact    uuid   not null,
    inbox      uuid   not null,
    source_id  text   not null,
    -- The account position of the link: if several match, the newest counts.
    position   bigint not null,
    -- In an inbox with one conversation per contact: the chosen conversation.
    chosen     uuid,
    constraint contact_links_one_per_uuid primary key (uuid)
);
