-- The event log: the one truth. Every read model can be rebuilt from this table alone.

-- postgres-es's columns under their own names and types, so that its readers load our streams, and beside
-- them what a log needs to be read across streams.
create table events (
    aggregate_type text        not null,
    aggregate_id   text        not null,
    sequence       bigint      not null,
    event_type     text        not null,
    event_version  text        not null,
    -- json, not jsonb: the bytes stay as they were written.
    payload        json        not null,
    metadata       json        not null,
    position       bigint      not null,
    event_id       uuid        not null,
    account_id     bigint      not null,
    -- The database's clock, read under the head row: it never runs backwards along positions by more than
    -- the clock itself does.
    recorded_at    timestamptz not null,
    constraint events_one_per_sequence primary key (aggregate_type, aggregate_id, sequence),
    constraint events_one_per_position unique (position),
    constraint events_sequence_counts_from_one check (sequence >= 1),
    constraint events_position_counts_from_one check (position >= 1)
);

-- For auditors: everything of one conversation, its members' own events too, in log order.
create index events_of_a_conversation on events (
    (case aggregate_type
         when 'conversation' then aggregate_id
         when 'participation' then payload ->> 'conversation'
     end),
    position
);

-- The newest position. One row, locked by every append until it commits: numbering, order and commit agree,
-- and an append that rolls back leaves no hole.
create table log_head (
    only_row boolean not null default true,
    position bigint  not null,
    constraint log_head_has_one_row primary key (only_row),
    constraint log_head_only_row_is_true check (only_row)
);

insert into log_head (position) values (0);

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

-- Replication replays and `session_replication_role = replica` skip ordinary triggers; this one stays.
alter table events enable always trigger events_refuse_change;
