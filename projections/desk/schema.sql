-- How texts are compared where case does not matter, as everywhere (`fold_text` of messages says
-- why so).
create function fold_contact(t text) returns text
    language sql immutable parallel safe
return case
    when octet_length(t) = length(t) then upper(t collate "und-x-icu")
    else normalize(upper(lower(normalize(t, nfc) collate "und-x-icu")), nfc)
end;

-- A channel through which support conversations come.
create table inboxes (
    uuid                        uuid    not null,
    account_id                  bigint  not null,
    -- The public number, as everywhere the account position of what made it.
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

-- A team of agents. One that was deleted has no row, also if conversations name it.
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

-- A person outside whom agents support.
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
    -- Their newest message.
    last_activity_at      timestamptz,
    constraint contacts_one_per_uuid primary key (uuid),
    constraint contacts_one_per_number unique (account_id, number)
)
-- Every incoming message changes its contact's row, and no index entry.
with (fillfactor = 80);

-- What contacts are searched by, line by line.
create function contact_text(name text, email text, phone_number text, identifier text) returns text
    language sql immutable parallel safe
return name || e'\n' || coalesce(email, '') || e'\n' || coalesce(phone_number, '') || e'\n'
    || coalesce(identifier, '');

-- How many contacts an account has: kept, so that no list has to count them.
create table contact_counts (
    account_id bigint not null,
    contacts   bigint not null,
    constraint contact_counts_one_per_account primary key (account_id)
);

-- Who a contact is in an inbox.
create table contact_links (
    uuid       uuid   not null,
    account_id bigint not null,
    contact    uuid   not null,
    inbox      uuid   not null,
    source_id  text   not null,
    -- The account position of the link: of several, the newest counts.
    position   bigint not null,
    -- In an inbox of one conversation a contact: the one that was chosen.
    chosen     uuid,
    constraint contact_links_one_per_uuid primary key (uuid)
);
