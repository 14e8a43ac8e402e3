-- Appends a batch, one call and one transaction for all callers that were waiting.
--
-- The head row is locked first, so at most one append in the whole system is between here and its
-- commit: the version checks below see every committed event, and a conflict is an answer, not an
-- error. (Checking before the lock would shorten it by a fraction of a millisecond, and let two
-- nodes pass the check for one stream and then fail on the primary key, the whole batch with them.)
--
-- Requests are numbered 1..n in the parallel arrays r_*, the streams that they touch in s_* with
-- s_request naming the request, the events in e_* with e_stream naming the stream. A request is
-- appended all or none, to one stream or to several: it is checked whole before its first event is
-- numbered, so that what fails takes no number. Its events get positions one behind the other. A
-- stream may have no event: then it is there for its version alone, because the events of others
-- were decided from it, or the request only claims an idempotency key for "nothing to do".
--   accounts      the accounts of the batch, each once: their heads are read and written once
--   r_account     which of these the request belongs to, from 1
--   s_key         the stream's own key, wrapped by master_key_id; null when it is there already
--   e_key         the event's key, wrapped by the stream's; null when nothing is sealed
--   e_subject     the message that the event is about
--   e_erases      'stream', or the id of a message; null for nothing
-- The answer has one row for each request:
--   appended   first_position and first_account_position are those of its first event; without
--              events they are the head's and null. appended_at and event_digests are what the
--              columns of its events got that the caller cannot know, in their order; null when
--              they were there already
--   conflict   a stream is not at the expected version
--   replayed   the idempotency key was claimed before
--   key_reused the key was claimed with another request
--   key_lost   a stream's own key is gone, with which its events' keys are wrapped: nobody could
--              open them
-- A request whose first event already stands at its place in the stream is answered `appended` with
-- the old positions: a batch sent again after a connection broke in the middle of its commit
-- appends once. Its other events were committed with that one.
create function append_events(
    master_key_id text, accounts bigint[],
    r_account int[], r_caller text[], r_key text[], r_digest bytea[],
    s_request int[], s_type text[], s_aggregate text[], s_expected bigint[], s_key bytea[],
    e_stream int[], e_id uuid[], e_type text[], e_version text[], e_payload text[],
    e_metadata text[], e_conversation uuid[], e_key bytea[], e_subject uuid[], e_erases text[]
) returns table (
    request int, outcome text, first_position bigint, first_account_position bigint,
    appended_at timestamptz, event_digests bytea[]
)
    language plpgsql as
$$
declare
    head              bigint;
    chain             bytea;
    clock             timestamptz;
    clock_us          bigint;
    -- Of each stream; it grows with the events that are appended.
    versions          bigint[];
    -- Whether the stream has a key, or is given one; null where no event is sealed.
    keyed             boolean[];
    -- Whether a sealed event has none to be opened with.
    any_key_lost      boolean := false;
    account_counts    bigint[];
    account_newest    bigint[] := array_fill(null::bigint, array[cardinality(accounts)]);
    stream_from       int := 1;
    stream_to         int;
    event_from        int := 1;
    event_to          int;
    events_of         int := cardinality(e_stream);
    stream            int;
    version           bigint;
    account           int;
    account_count     bigint;
    claim             idempotency_keys;
    positions         bigint[] := array_fill(null::bigint, array[events_of]);
    account_positions bigint[] := positions;
    sequences         bigint[] := positions;
    digests           bytea[]  := array_fill(null::bytea, array[events_of]);
    appending         boolean  := false;
    sealed            boolean  := false;
    erasing           boolean  := false;
begin
    select h.position, h.digest into strict head, chain from log_head h for update;
    clock := clock_timestamp();
    clock_us := microseconds(clock);

    -- A batch names a stream once: the caller keeps a second request for the next batch.
    versions := array(
        select (select coalesce(max(e.sequence), 0)
                from events e
                where e.aggregate_type = s.type and e.aggregate_id = s.aggregate)
        from unnest(s_type, s_aggregate) with ordinality as s (type, aggregate, ordinal)
        order by s.ordinal
    );
    if exists (select from unnest(e_key) k where k is not null) then
        keyed := array(
            select s.key is not null
                   or exists (select from stream_keys k
                              where k.aggregate_type = s.type and k.aggregate_id = s.aggregate)
            from unnest(s_type, s_aggregate, s_key) with ordinality
                as s (type, aggregate, key, ordinal)
            order by s.ordinal
        );
        any_key_lost := exists (select from unnest(e_stream, e_key) as e (stream, key)
                                where e.key is not null and not keyed[e.stream]);
    end if;
    account_counts := array(
        select coalesce(
            (select h.account_position from account_heads h where h.account_id = a.id), 0)
        from unnest(accounts) with ordinality as a (id, ordinal)
        order by a.ordinal
    );

    for i in 1 .. cardinality(r_account) loop
        request := i;
        outcome := null;
        first_position := null;
        first_account_position := null;
        appended_at := null;
        event_digests := null;

        stream_to := stream_from;
        while s_request[stream_to] = i loop
            if versions[stream_to] <> s_expected[stream_to] then
                outcome := 'conflict';
            end if;
            stream_to := stream_to + 1;
        end loop;
        event_to := event_from;
        while e_stream[event_to] < stream_to loop
            event_to := event_to + 1;
        end loop;

        if outcome = 'conflict' and event_to > event_from then
            stream := e_stream[event_from];
            select e.position, e.account_position into first_position, first_account_position
            from events e
            where e.aggregate_type = s_type[stream]
              and e.aggregate_id = s_aggregate[stream]
              and e.sequence = s_expected[stream] + 1
              and e.event_id = e_id[event_from];
            if found then
                outcome := 'appended';
            end if;
        end if;

        account := r_account[i];
        if outcome is distinct from 'appended' and r_key[i] is not null then
            select k.* into claim
            from idempotency_keys k
            where k.account_id = accounts[account] and k.caller = r_caller[i] and k.key = r_key[i];
            if found then
                outcome :=
                    case when claim.request_digest = r_digest[i] then 'replayed'
                        else 'key_reused' end;
            end if;
        end if;

        if outcome is null
           and any_key_lost
           and exists (select from generate_series(event_from, event_to - 1) j
                       where e_key[j] is not null and not keyed[e_stream[j]])
        then
            outcome := 'key_lost';
        end if;

        if outcome is null then
            outcome := 'appended';
            first_position := head;
            if event_to > event_from then
                account_count := account_counts[account];
                first_position := head + 1;
                first_account_position := account_count + 1;
                appending := true;
            end if;
            for j in event_from .. event_to - 1 loop
                stream := e_stream[j];
                version := versions[stream] + 1;
                versions[stream] := version;
                head := head + 1;
                account_count := account_count + 1;
                -- event_digest, written out: plpgsql prepares an expression with such a function in
                -- it anew in each transaction, which took a quarter of a small batch's time.
                -- A change of one alone fails every test that verifies a log.
                chain := sha256(chain || convert_to(
                    format(
                        '%s:%s,%s:%s,%s:%s,%s:%s,%s:%s,%s:%s,%s:%s,'
                        '%s:%s,%s:%s,%s:%s,%s:%s,%s:%s,%s:%s,',
                        octet_length(head::text), head,
                        octet_length(e_id[j]::text), e_id[j],
                        octet_length(accounts[account]::text), accounts[account],
                        octet_length(account_count::text), account_count,
                        octet_length(s_type[stream]), s_type[stream],
                        octet_length(s_aggregate[stream]), s_aggregate[stream],
                        octet_length(version::text), version,
                        coalesce(octet_length(e_conversation[j]::text), 0), e_conversation[j],
                        octet_length(e_type[j]), e_type[j],
                        octet_length(e_version[j]), e_version[j],
                        octet_length(e_payload[j]), e_payload[j],
                        octet_length(e_metadata[j]), e_metadata[j],
                        octet_length(clock_us::text), clock_us
                    ),
                    'UTF8'
                ));
                positions[j] := head;
                account_positions[j] := account_count;
                sequences[j] := version;
                digests[j] := chain;
                sealed := sealed or e_key[j] is not null;
                erasing := erasing or e_erases[j] is not null;
            end loop;
            if event_to > event_from then
                account_counts[account] := account_count;
                account_newest[account] := head;
                appended_at := clock;
                event_digests := digests[event_from:event_to - 1];
            end if;
            if r_key[i] is not null then
                insert into idempotency_keys
                    (account_id, caller, key, request_digest, position, event_count, aggregate_id)
                values
                    (accounts[account], r_caller[i], r_key[i], r_digest[i], first_position,
                     event_to - event_from, s_aggregate[stream_from]);
            end if;
        end if;

        return next;
        stream_from := stream_to;
        event_from := event_to;
    end loop;

    if not appending then
        return;
    end if;

    insert into events
        (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
         position, event_id, account_id, account_position, conversation_id, recorded_at, digest)
    select s_type[n.stream], s_aggregate[n.stream], n.sequence, n.type, n.version,
           n.payload::json, n.metadata::json, n.position, n.id,
           accounts[r_account[s_request[n.stream]]], n.account_position, n.conversation, clock,
           n.digest
    from unnest(e_stream, e_id, e_type, e_version, e_payload, e_metadata, e_conversation,
                positions, account_positions, sequences, digests)
        as n (stream, id, type, version, payload, metadata, conversation,
              position, account_position, sequence, digest)
    where n.position is not null;

    insert into account_heads as h (account_id, account_position, position)
    select a.id, a.account_position, a.position
    from unnest(accounts, account_counts, account_newest) as a (id, account_position, position)
    where a.position is not null
    on conflict on constraint account_heads_one_per_account do update
    set account_position = excluded.account_position,
        position = excluded.position;

    if sealed then
        -- A stream is given a key for an event that is sealed with it.
        insert into stream_keys (aggregate_type, aggregate_id, master_key, wrapped)
        select distinct s_type[n.stream], s_aggregate[n.stream], master_key_id, s_key[n.stream]
        from unnest(e_stream, positions) as n (stream, position)
        where n.position is not null and s_key[n.stream] is not null;

        insert into event_keys (position, subject, wrapped)
        select n.position, n.subject, n.key
        from unnest(positions, e_subject, e_key) as n (position, subject, key)
        where n.position is not null and n.key is not null;
    end if;

    if erasing then
        for j in 1 .. events_of loop
            if e_erases[j] is not null and positions[j] is not null then
                stream := e_stream[j];
                perform erase(s_type[stream], s_aggregate[stream], e_erases[j], positions[j]);
            end if;
        end loop;
    end if;

    update log_head h set position = head, digest = chain;
end
$$;

-- Destroys the keys of a whole stream or of one message in it, and has the relay erase what was
-- published.
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
        delete from stream_keys k
        where k.aggregate_type = stream_type and k.aggregate_id = stream_id;
        delete from snapshots s
        where s.aggregate_type = stream_type and s.aggregate_id = stream_id;
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
