-- Who follows the log, and how far each follower has come.

-- Which node does a piece of work that one node at a time may do. The epoch rises whenever the
-- lease is taken, and everything written under a lease names the epoch, so a holder that lost it
-- cannot write.
create table leases (
    name       text        not null,
    owner      uuid,
    epoch      bigint      not null default 0,
    -- By this database's clock, which all nodes share.
    expires_at timestamptz not null default '-infinity',
    constraint leases_one_per_name primary key (name)
)
-- Updated all the time: room on the page keeps those updates cheap.
with (fillfactor = 50);

-- Up to which position each follower is done: one row for each read model and for the relay.
create table checkpoints (
    name     text   not null,
    -- The shape of what the follower builds; a binary that builds another shape starts again from
    -- nothing.
    version  int    not null default 0,
    position bigint not null default 0,
    -- Why it cannot go beyond its position, if it cannot.
    stopped  text,
    constraint checkpoints_one_per_name primary key (name),
    constraint checkpoints_position_is_not_negative check (position >= 0)
)
with (fillfactor = 50);

-- Moves checkpoints, in the transaction that wrote what they stand for, and renews the lease with
-- it.
--
-- A checkpoint is moved from the position that its row holds, never from one that a node remembers:
-- read models are written with synchronous_commit = off, so a crash of PostgreSQL can take the last
-- transactions back, rows and checkpoint together. A checkpoint written from memory afterwards, and
-- be it only to renew a lease, would hide the events in between from the read model for good.
--
-- The lease's row is updated first, so two holders of one lease take turns here, and the one that
-- was overtaken learns it before it has locked anything else.
--
-- A node knows events that a database which was put back to an earlier time has lost. The digest of
-- the last event stands for all before it: what is written from others than the log's own is not
-- kept.
create function advance_checkpoints(
    lease text, holder uuid, holder_epoch bigint,
    names text[], from_position bigint, to_position bigint, last_digest bytea default null
) returns boolean
    language plpgsql as
$$
declare
    moved int;
begin
    update leases l
    set expires_at = clock_timestamp() + interval '6 seconds'
    where l.name = lease
      and l.owner = holder
      and l.epoch = holder_epoch;
    if not found then
        raise exception 'the lease on % was lost', lease using errcode = 'CQ001';
    end if;

    update checkpoints c
    set position = to_position
    where c.name = any (names)
      and c.position = from_position;
    get diagnostics moved = row_count;
    if moved <> cardinality(names) then
        raise exception 'not every checkpoint of % was at position %', names, from_position
            using errcode = 'CQ002';
    end if;

    if last_digest is not null
       and not exists (select from events e
                       where e.position = to_position and e.digest = last_digest) then
        raise exception 'the log has no such event at position %', to_position
            using errcode = 'CQ003';
    end if;
    return true;
end
$$;
