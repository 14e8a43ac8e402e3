-- Twenty thousand conversations of others, and more than ten thousand of the member: all
-- combinations of flags, all kinds, trashed and not, a few of them large rooms. One has ten
-- thousand messages.
insert into users (uuid, account_id, id, uid, name, tags, created_at, modified_at)
select md5('user ' || n)::uuid, 1, n + 100, 'user-' || n, md5(n::text), '{}', now(), now()
from generate_series(1, 31000) n;
insert into conversations
    (uuid, account_id, number, revision, kind, uid, name, tags, created_at, modified_at,
     changed_at, trashed, member_count,
     is_large, newest_id)
select md5('conversation ' || n)::uuid, 1, n, n,
       (array['private', 'room', 'contextual'])[1 + n / 3 % 3],
       case when n / 3 % 3 = 2 then 'uid-' || n end, md5(n::text), '{a}', now(), now(),
       now() - n * interval '1 second', n % 17 = 0, 2, n % 4000 = 0,
       case when n % 5 > 0 then n + 40000 end
from generate_series(1, 31000) n;
insert into members
    (conversation, user_id, membership, joined_at, participation, number, kind, trashed, other)
select c.uuid, case when n % 3 = 0 then 'ANN' else md5('other ' || n)::uuid end, n, now(),
       md5('participation ' || n)::uuid, n, c.kind, c.trashed,
       case when c.kind = 'private' then md5('user ' || n)::uuid end
from generate_series(1, 31000) n
join conversations c on c.account_id = 1 and c.number = n;
insert into memberships
    (user_id, conversation, membership, rank, changed_at, pinned, marker, archived_at, kind,
     is_large, trashed,
     is_empty, unread, muted)
select s.user_id, c.uuid, s.membership,
       case when c.is_large then 0 else coalesce(c.newest_id, c.number) end,
       case when c.is_large then '-infinity' else c.changed_at end,
       case when n % 11 = 0 then n end,
       case when n % 2 = 0 then c.newest_id end, case when n % 7 = 0 then now() end,
       kind_number(c.kind), c.is_large, c.trashed and not c.is_large,
       c.newest_id is null and not c.is_large,
       n % 2 = 1 and c.newest_id is not null and not c.is_large, n % 13 = 0
from generate_series(1, 31000) n
join conversations c on c.account_id = 1 and c.number = n
join members s on s.conversation = c.uuid;
insert into messages (account_id, id, uuid, conversation, author, text, tags, created_at)
select 1, n + 40000, md5('message ' || n)::uuid,
       case when n % 3 = 0 then md5('conversation 1') else md5('conversation ' || n) end::uuid,
       case when n % 2 = 0 then 'ANN' else md5('user ' || n)::uuid end, 'word ' || n, '{}', now()
from generate_series(1, 31000) n;
insert into read_ranges (user_id, conversation, top, position, at)
select case when n % 2 = 1 then 'ANN' else md5('user ' || n)::uuid end,
       m.conversation, m.id, m.id + 1, now()
from generate_series(1, 31000) n
join messages m on m.account_id = 1 and m.id = n + 40000;
