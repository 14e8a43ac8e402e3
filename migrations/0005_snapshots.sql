-- The state of long streams, sealed with the stream's key: a cache, deletable at any time.
create table snapshots (
    aggregate_type text    not null,
    aggregate_id   text    not null,
    -- How many events made it.
    version        bigint  not null,
    -- The shape of the state; another one is ignored.
    state_schema   int     not null,
    -- Streams without a key of their own hold nothing private.
    is_sealed      boolean not null,
    state          bytea   not null,
    constraint snapshots_one_per_stream primary key (aggregate_type, aggregate_id)
);
