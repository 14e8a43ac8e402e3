-- Keys that clients sent with their commands, claimed in the transaction of the append that they
-- caused. The request is kept as a digest only: nothing that may have to be erased is in here.
create table idempotency_keys (
    account_id     bigint      not null,
    caller         text        not null,
    key            text        not null,
    request_digest bytea       not null,
    -- Where the command's first event went, from which the answer is rendered anew; for a command
    -- that changed nothing, the head of the log at that moment.
    position       bigint      not null,
    -- How many events the command appended, the first at the position and the others right behind
    -- it.
    event_count    int         not null,
    aggregate_id   text        not null,
    claimed_at     timestamptz not null default now(),
    constraint idempotency_keys_claimed_once primary key (account_id, caller, key),
    constraint idempotency_keys_event_count_is_not_negative check (event_count >= 0)
);

-- For pruning, oldest first.
create index idempotency_keys_by_age on idempotency_keys (claimed_at);
