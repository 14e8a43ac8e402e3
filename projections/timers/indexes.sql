-- Indexes that only queries need: built after the rows have been filled in.

create index if not exists timers_by_time on timers (due_at);
