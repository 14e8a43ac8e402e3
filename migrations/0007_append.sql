-- Appends a batch, one call and one transaction for all callers that were waiting: as before, and now each
-- event carries its digest, sealed events bring their keys, and an event that erases destroys keys at once.
--
-- Requests are numbered 1..n in the parallel arrays r_*, their events in e_* with e_request naming the
-- request; a request may have no event, to claim an idempotency key for "nothing to do".
--   r_stream_key  the stream's own key, wrapped by master_key_id; null when it is there already
--   e_key         the event's key, wrapped by the stream's; null when nothing is sealed
--   e_subject     the message that the event is about
--   e_erases      'stream', or the id of a message; null for nothing
-- The answer has one row for each request:
--   appended   position is that of its first event, or the head's when it has none
--   conflict   the stream is not at the expected version
--   replayed   the idempotency key was claimed before; position and aggregate_id are the first claim's
--   key_reused the key was claimed with another request
-- A request whose first event already stands at its place in the stream is answered `appended` with the old
-- position: a batch sent again after a connection broke in the middle of its commit appends once.
drop function append_events;

create function append_events(
    master_key_id text,
    r_type text[], r_aggregate text[], r_expected bigint[], r_account bigint[],
    r_caller text[], r_key text[], r_digest bytea[], r_stream_key bytea[],
    e_request int[], e_id uuid[], e_type text[], e_version text[], e_payload text[], e_metadata text[],
    e_key bytea[], e_subject uuid[], e_erases text[]
) returns table (request int, outcome text, first_position bigint, aggregate text)
    language plpgsql as
$$
declare
    head       bigint;
    chain      bytea;
    clock      timestamptz;
    clock_us   bigint;
    versions   bigint[];
    event_from int := 1;
    event_to   int;
    events_of  int := coalesce(array_length(e_request, 1), 0);
    version    bigint;
    claim      idempotency_keys;
    positions  bigint[] := array_fill(null::bigint, array[events_of]);
    sequences  bigint[] := array_fill(null::bigint, array[events_of]);
    digests    bytea[]  := array_fill(null::bytea, array[events_of]);
    sealed     boolean  := false;
    erasing    boolean  := false;
begin
    -- The head row is locked first, so at most one append in the whole system is between here and its commit:
    -- the version checks below see every committed event, and a conflict is an answer, not an error.
    select h.position, h.digest into strict head, chain from log_head h for update;
    clock := clock_timestamp();
    clock_us := microseconds(clock);

    -- A batch names a stream once: the caller keeps a second request for the next batch.
    versions := array(
        select (select coalesce(max(e.sequence), 0)
                from events e
                where e.aggregate_type = r.type and e.aggregate_id = r.aggregate)
        from unnest(r_type, r_aggregate) with ordinality as r (type, aggregate, ordinal)
        order by r.ordinal
    );

    for i in 1 .. coalesce(array_length(r_type, 1), 0) loop
        event_to := event_from;
        while event_to <= events_of and e_request[event_to] = i loop
            event_to := event_to + 1;
        end loop;

        request := i;
        outcome := null;
        first_position := null;
        aggregate := r_aggregate[i];
        version := versions[i];

        if version <> r_expected[i] then
            outcome := 'conflict';
            if event_to > event_from then
                select e.position into first_position
                from events e
                where e.aggregate_type = r_type[i]
                  and e.aggregate_id = r_aggregate[i]
                  and e.sequence = r_expected[i] + 1
                  and e.event_id = e_id[event_from];
                if found then
                    outcome := 'appended';
                end if;
            end if;
        end if;

        if outcome is distinct from 'appended' and r_key[i] is not null then
            select k.* into claim
            from idempotency_keys k
            where k.account_id = r_account[i] and k.caller = r_caller[i] and k.key = r_key[i];
            if found then
                outcome := case when claim.request_digest = r_digest[i] then 'replayed' else 'key_reused' end;
                first_position := claim.position;
                aggregate := claim.aggregate_id;
            end if;
        end if;

        if outcome is null then
            outcome := 'appended';
            first_position := case when event_to > event_from then head + 1 else head end;
            for j in event_from .. event_to - 1 loop
                head := head + 1;
                version := version + 1;
                chain := event_digest(chain, head, e_id[j], r_account[i], r_type[i], r_aggregate[i], version,
                                      e_type[j], e_version[j], e_payload[j], e_metadata[j], clock_us);
                positions[j] := head;
                sequences[j] := version;
                digests[j] := chain;
                sealed := sealed or e_key[j] is not null;
                erasing := erasing or e_erases[j] is not null;
            end loop;
            if r_key[i] is not null then
                insert into idempotency_keys
                    (account_id, caller, key, request_digest, position, aggregate_id)
                values
                    (r_account[i], r_caller[i], r_key[i], r_digest[i], first_position, r_aggregate[i]);
            end if;
            if r_stream_key[i] is not null then
                insert into stream_keys (aggregate_type, aggregate_id, master_key, wrapped)
                values (r_type[i], r_aggregate[i], master_key_id, r_stream_key[i]);
            end if;
        end if;

        return next;
        event_from := event_to;
    end loop;

    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                        metadata, position, event_id, account_id, recorded_at, digest)
    select r_type[n.request], r_aggregate[n.request], n.sequence, n.type, n.version, n.payload::json,
           n.metadata::json, n.position, n.id, r_account[n.request], clock, n.digest
    from unnest(e_request, e_id, e_type, e_version, e_payload, e_metadata, positions, sequences, digests)
        as n (request, id, type, version, payload, metadata, position, sequence, digest)
    where n.position is not null
    order by n.position;

    if sealed then
        insert into event_keys (position, subject, wrapped)
        select n.position, n.subject, n.key
        from unnest(positions, e_subject, e_key) as n (position, subject, key)
        where n.position is not null and n.key is not null
        order by n.position;
    end if;

    if erasing then
        for j in 1 .. events_of loop
            if e_erases[j] is not null and positions[j] is not null then
                perform erase(r_type[e_request[j]], r_aggregate[e_request[j]], e_erases[j], positions[j]);
            end if;
        end loop;
    end if;

    update log_head h set position = head, digest = chain where h.position <> head;
end
$$;

-- Destroys the keys of a whole stream or of one message in it, and has the relay erase what was published.
create function erase(stream_type text, stream_id text, what text, erased_by bigint) returns void
    language plpgsql as
$$
begin
    if what = 'stream' then
        with gone as (
            delete from event_keys k
            using events e
            where e.aggregate_type = stream_type
              and e.aggregate_id = stream_id
              and k.position = e.position
            returning k.position
        )
        insert into nats_erasures (position, erased_by)
        select g.position, $4 from gone g
        on conflict on constraint nats_erasures_one_per_message do nothing;
        delete from stream_keys k where k.aggregate_type = stream_type and k.aggregate_id = stream_id;
        delete from snapshots s where s.aggregate_type = stream_type and s.aggregate_id = stream_id;
    else
        with gone as (
            delete from event_keys k where k.subject = what::uuid returning k.position
        )
        insert into nats_erasures (position, erased_by)
        select g.position, $4 from gone g
        on conflict on constraint nats_erasures_one_per_message do nothing;
    end if;
end
$$;
