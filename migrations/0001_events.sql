-- The event log: the one truth. Every read model can be rebuilt from this table alone.

-- postgres-es's columns under their own names and types, so that its readers load our streams, and
-- beside them what a log needs to be read across streams.
create table events (
    aggregate_type   text        not null,
    aggregate_id     text        not null,
    sequence         bigint      not null,
    event_type       text        not null,
    event_version    text        not null,
    -- json, not jsonb: the bytes stay as they were written.
    payload          json        not null,
    metadata         json        not null,
    -- 1, 2, 3 … with no gap, in commit order, over all streams.
    position         bigint      not null,
    event_id         uuid        not null,
    account_id       bigint      not null,
    -- 1, 2, 3 … with no gap within the account, given under the same lock. Public integer ids are
    -- made of it: they tell one tenant nothing about how much the others do.
    account_position bigint      not null,
    -- The conversation that the event belongs to; none for events of the directory. A column of its
    -- own, so that what belongs to a conversation is decided once, by the domain, and found by a
    -- plain index.
    conversation_id  uuid,
    -- The database's clock, read under the head row: it never runs backwards along positions by
    -- more than the clock itself does.
    recorded_at      timestamptz not null,
    -- SHA-256 over the digest before it and the event's own columns: see event_digest.
    digest           bytea       not null,
    constraint events_one_per_sequence primary key (aggregate_type, aggregate_id, sequence),
    constraint events_one_per_position unique (position),
    constraint events_one_per_account_position unique (account_id, account_position),
    constraint events_sequence_counts_from_one check (sequence >= 1),
    constraint events_position_counts_from_one check (position >= 1),
    constraint events_account_position_counts_from_one check (account_position >= 1),
    constraint events_digest_is_sha256 check (octet_length(digest) = 32)
);

-- For auditors: everything of one conversation, its members' own events and its readers' too, in
-- log order.
create index events_of_a_conversation on events (conversation_id, position);

-- The newest position and its digest. One row, locked by every append until it commits: numbering,
-- order and commit agree, and an append that rolls back leaves no hole. Before position 1 stand 32
-- zero bytes.
create table log_head (
    only_row boolean not null default true,
    position bigint  not null default 0,
    digest   bytea   not null default decode(repeat('00', 32), 'hex'),
    constraint log_head_has_one_row primary key (only_row),
    constraint log_head_only_row_is_true check (only_row)
);

insert into log_head default values;

-- The newest event of each account. Written under the lock of log_head and by nothing else, so it
-- needs no lock of its own.
create table account_heads (
    account_id       bigint not null,
    account_position bigint not null,
    -- The position of that event in the log.
    position         bigint not null,
    constraint account_heads_one_per_account primary key (account_id)
)
-- A row is updated by every batch that names its account, and only the key is indexed: with room on
-- the page the new version stays there and no index entry is written.
with (fillfactor = 50);

create function refuse_change_of_the_log() returns trigger
    language plpgsql as
$$
begin
    raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end
$$;

create trigger events_refuse_change
    before update or delete or truncate on events
    for each statement execute function refuse_change_of_the_log();

-- Replication replays and `session_replication_role = replica` skip ordinary triggers; this one
-- stays.
alter table events enable always trigger events_refuse_change;
