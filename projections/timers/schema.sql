-- At most one timer of a kind for each stream: a new one takes the place of the old one.
create table timers.timers (
    stream       uuid        not null,
    kind         text        not null,
    account_id   bigint      not null,
    conversation uuid        not null,
    -- Of the member whose timer it is.
    membership   bigint      not null,
    due_at       timestamptz not null,
    -- The event that set it.
    cause        uuid        not null,
    -- What to do, with all that the command needs.
    act          jsonb       not null,
    constraint timers_one_per_kind primary key (stream, kind)
);

create index timers_by_time on timers.timers (due_at);

-- For what goes with its conversation.
create index timers_of_a_conversation on timers.timers (conversation);
