-- Appends a batch, one call and one transaction for all callers that were waiting.
--
-- The head row is locked first, so at most one append in the whole system is between here and its commit:
-- the version checks below see every committed event, and a conflict is an answer, not an error. (Checking
-- before the lock would shorten it by a fraction of a millisecond, and let two nodes pass the check for one
-- stream and then fail on the primary key, the whole batch with them.)
--
-- Requests are numbered 1..n in the parallel arrays r_*, their events in e_* with e_request naming the
-- request. The answer has one row for each request:
--   appended   position is that of its first event
--   conflict   the stream is not at the expected version
--   replayed   the idempotency key was claimed before; position and aggregate_id are the first claim's
--   key_reused the key was claimed with another request
-- A request whose first event already stands at its place in the stream is answered `appended` with the old
-- position: a batch sent again after a connection broke in the middle of its commit appends once.
create function append_events(
    r_type text[], r_aggregate text[], r_expected bigint[], r_account bigint[],
    r_caller text[], r_key text[], r_digest bytea[],
    e_request int[], e_id uuid[], e_type text[], e_version text[], e_payload text[], e_metadata text[]
) returns table (request int, outcome text, first_position bigint, aggregate text)
    language plpgsql as
$$
declare
    head       bigint;
    clock      timestamptz;
    versions   bigint[];
    event_from int := 1;
    event_to   int;
    events_of  int := coalesce(array_length(e_request, 1), 0);
    version    bigint;
    claim      idempotency_keys;
    positions  bigint[] := array_fill(null::bigint, array[events_of]);
    sequences  bigint[] := array_fill(null::bigint, array[events_of]);
begin
    select h.position into strict head from log_head h for update;
    clock := clock_timestamp();

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
            select e.position into first_position
            from events e
            where e.aggregate_type = r_type[i]
              and e.aggregate_id = r_aggregate[i]
              and e.sequence = r_expected[i] + 1
              and e.event_id = e_id[event_from];
            outcome := case when found then 'appended' else 'conflict' end;
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
            first_position := head + 1;
            for j in event_from .. event_to - 1 loop
                head := head + 1;
                version := version + 1;
                positions[j] := head;
                sequences[j] := version;
            end loop;
            if r_key[i] is not null then
                insert into idempotency_keys
                    (account_id, caller, key, request_digest, position, aggregate_id)
                values
                    (r_account[i], r_caller[i], r_key[i], r_digest[i], first_position, r_aggregate[i]);
            end if;
        end if;

        return next;
        event_from := event_to;
    end loop;

    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                        metadata, position, event_id, account_id, recorded_at)
    select r_type[n.request], r_aggregate[n.request], n.sequence, n.type, n.version, n.payload::json,
           n.metadata::json, n.position, n.id, r_account[n.request], clock
    from unnest(e_request, e_id, e_type, e_version, e_payload, e_metadata, positions, sequences)
        as n (request, id, type, version, payload, metadata, position, sequence)
    where n.position is not null
    order by n.position;

    update log_head h set position = head where h.position <> head;
end
$$;
