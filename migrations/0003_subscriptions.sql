-- Who follows the log, how far each has come, and which node may write that down: one row for each
-- projection and for the relay. The epoch rises whenever the lease changes hands, and every checkpoint
-- names the epoch it was taken under, so a holder that lost its lease cannot write.
create table subscriptions (
    name       text        not null,
    -- The shape of what the follower builds; a binary that builds another shape starts again from nothing.
    version    int         not null default 1,
    position   bigint      not null default 0,
    owner      uuid,
    epoch      bigint      not null default 0,
    expires_at timestamptz not null default '-infinity',
    constraint subscriptions_one_per_name primary key (name),
    constraint subscriptions_position_is_not_negative check (position >= 0)
)
-- Updated for every batch: room on the page keeps those updates cheap.
with (fillfactor = 50);
