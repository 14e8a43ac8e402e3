-- What only questions need: made when the rows are there.

create index if not exists timers_by_time on timers (due_at);
