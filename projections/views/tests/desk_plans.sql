-- Predictable ids that tests can compute, too.
create function pg_temp.made(kind int, n bigint) returns uuid
    language sql immutable
return (kind || lpad(to_hex(n), 31, '0'))::uuid;

-- Twelve thousand support conversations of one account and four hundred of another one, in ten
-- inboxes, with and without assignees, teams and priorities; one in a hundred is open and
-- unassigned.
insert into users (uuid, account_id, id, uid, role, tags, created_at, modified_at)
select pg_temp.made(6, n), 1, n + 100, 'user-' || n, case when n <= 20 then 'agent' end, '{}',
       now(), now()
from generate_series(1, 2000) n;
insert into inboxes (uuid, account_id, number, channel, name)
select pg_temp.made(1, n), case when n <= 10 then 1 else 2 end, n, 'api', 'inbox ' || n
from generate_series(1, 11) n;
insert into inbox_members (inbox, user_id)
select pg_temp.made(1, n), 'ANN'
from generate_series(1, 5) n;
insert into teams (uuid, account_id, number, name)
select pg_temp.made(2, n), 1, n, 'team ' || n
from generate_series(1, 5) n;
insert into contacts (uuid, account_id, number, name, email, created_at)
select pg_temp.made(3, n), 1, n, 'Contact ' || n, 'c' || n || '@example.com', now()
from generate_series(1, 2000) n;
insert into contact_counts (account_id, contacts) values (1, 2000);
insert into contact_links (uuid, account_id, contact, inbox, source_id, position)
select pg_temp.made(4, n), 1, pg_temp.made(3, n), pg_temp.made(1, 1 + n % 10), 'source ' || n, n
from generate_series(1, 2000) n;
insert into support_conversations
    (conversation, account_id, number, revision, inbox, contact, link, source_id, status, priority,
     assignee, team, labels, additional_attributes, custom_attributes, newest_message, created_at,
     last_activity_at, first_reply_at, waiting_since, updated_at)
select pg_temp.made(5, n), a.account, n, n,
       pg_temp.made(1, case a.account when 1 then 1 + n % 10 else 11 end),
       pg_temp.made(3, 1 + n % 2000), pg_temp.made(4, 1 + n % 2000), 'source ' || 1 + n % 2000,
       case when n % 100 = 0 then 'open'
            else (array['open', 'open', 'open', 'resolved', 'pending', 'snoozed'])[1 + n % 6] end,
       (array['low', 'medium', 'high', 'urgent'])[n % 9],
       case when n % 100 = 0 then null when n % 7 = 0 then 'ANN'
           else pg_temp.made(6, 1 + n % 20) end,
       case when n % 4 = 0 then pg_temp.made(2, 1 + n % 5) end,
       case when n % 200 = 0 then '{rare}' else '{common}' end::text[], '{}', '{}', n + 100000,
       t.at, t.at, case when n % 50 > 0 then t.at end, case when n % 150 = 0 then t.at end, t.at
from generate_series(1, 12400) n
cross join lateral (select case when n > 12000 then 2 else 1 end as account) a
cross join lateral (select '2026-01-01'::timestamptz + (n * 7919 % 12400) * interval '1 second'
                    as at) t;
insert into support_order
    (account_id, number, conversation, inbox, status, priority, assignee, team, unattended,
     last_activity_at, waiting_since, updated_at, bucket)
select account_id, number, conversation, inbox, support_status(status), support_priority(priority),
       coalesce(assignee, '00000000-0000-0000-0000-000000000000'),
       coalesce(team, '00000000-0000-0000-0000-000000000000'), first_reply_at is null
           or waiting_since is not null,
       last_activity_at, coalesce(waiting_since, 'infinity'), updated_at,
       support_bucket(status, assignee)
from support_conversations;
insert into support_messages
    (account_id, id, uuid, conversation, direction, sender, contact, private, content_type, text,
     created_at, updated_at, deleted)
select account_id, newest_message, pg_temp.made(7, number), conversation, 'incoming', 'contact',
       contact, false, 'text', 'word ' || number, created_at, created_at, false
from support_conversations;
