-- The keys that seal what users wrote. They stand beside the log, not in it: to erase is to delete
-- a key.

-- Which master keys have wrapped keys here. A node whose master key is not among them refuses to
-- start instead of taking everything for erased.
create table master_keys (
    -- The first bytes of the key's SHA-256, in hexadecimal.
    id         text        not null,
    created_at timestamptz not null default now(),
    constraint master_keys_one_per_id primary key (id)
);

-- The key of a stream, wrapped by a master key.
create table stream_keys (
    aggregate_type text  not null,
    aggregate_id   text  not null,
    master_key     text  not null,
    wrapped        bytea not null,
    constraint stream_keys_one_per_stream primary key (aggregate_type, aggregate_id),
    constraint stream_keys_master_is_known foreign key (master_key) references master_keys (id)
);

-- The key of one event, wrapped by its stream's.
create table event_keys (
    position bigint not null,
    -- The message that the sealed text belongs to, if it does: deleting the message deletes these
    -- keys.
    subject  uuid,
    wrapped  bytea  not null,
    constraint event_keys_one_per_event primary key (position)
);

create index event_keys_of_a_message on event_keys (subject) where subject is not null;

-- What was erased from the log and may stand in the NATS stream. A row stays for ever: these
-- positions may be missing from the stream, and no other may. (Asking the events for what is sealed
-- and has no key would read the whole log.)
create table nats_erasures (
    position  bigint not null,
    -- The position of the event that ordered it; none where the log was imported.
    erased_by bigint,
    -- When the relay erased it from the stream; none while that is due, also again, when the stream
    -- is another one or an older copy of itself.
    done_at   timestamptz,
    constraint nats_erasures_one_per_message primary key (position)
);

create index nats_erasures_due on nats_erasures (position) where done_at is null;

-- The stream that the relay published to last.
create table nats_stream (
    only_row   boolean not null default true,
    -- When the server made it, in nanoseconds from 1970-01-01 00:00 UTC: it tells a stream from
    -- another one of the same name.
    created_ns bigint  not null,
    constraint nats_stream_has_one_row primary key (only_row),
    constraint nats_stream_only_row_is_true check (only_row)
);
