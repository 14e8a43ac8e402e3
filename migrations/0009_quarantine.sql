-- Events that cannot be read and that an operator has let the read models pass over.

-- The event itself stays as it is, and so does its digest: only what follows the log takes it for
-- nothing. A quarantine is for good. A row that could be taken away again would leave read models
-- that have passed over an event which the log says they have.
create table quarantined_events (
    -- Of an event in the log. Not a foreign key: it would answer a truncation of the log before the
    -- log itself does.
    position       bigint      not null,
    quarantined_at timestamptz not null default clock_timestamp(),
    -- The operating system's user: who can run the verb here controls the database anyway.
    quarantined_by text        not null,
    reason         text        not null,
    constraint quarantined_events_once_per_event primary key (position),
    constraint quarantined_events_have_a_reason check (reason <> '')
);

create trigger quarantined_events_refuse_change
    before update or delete or truncate on quarantined_events
    for each statement execute function refuse_change_of_the_log();

alter table quarantined_events enable always trigger quarantined_events_refuse_change;
