-- A repair of the NATS stream that is not finished.

-- A message's number cannot be given again: behind a wrong one, the stream has to be made anew.
-- The node that leads the relay does it, and the next leader goes on with what stands here: the
-- settings and the consumers of a stream are gone once it is deleted.
create table nats_repairs (
    only_row         boolean     not null default true,
    -- When the server made the stream that has to go, in nanoseconds from 1970-01-01 00:00 UTC:
    -- another one of the same name is the new one.
    wrong_created_ns bigint      not null,
    -- The first position that is wrong: no consumer goes on behind it.
    wrong_position   bigint      not null,
    -- The oldest message that was kept: what came before it is dropped again.
    first_position   bigint      not null,
    -- The log's head when the repair was ordered: from there on the stream is whole.
    to_position      bigint      not null,
    -- As JetStream has them.
    stream_config    jsonb       not null,
    consumer_configs jsonb       not null default '[]',
    ordered_at       timestamptz not null default clock_timestamp(),
    constraint nats_repairs_one_at_a_time primary key (only_row),
    constraint nats_repairs_only_row_is_true check (only_row)
);
