use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::rows::write;
use crate::seats::Batch;
use crate::{Error, Event, Projection, Recorded};

/// Builds the per-user lists.
#[derive(Debug)]
pub struct Inbox;

impl Projection for Inbox {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 3;
    const SCHEMA: &'static str = include_str!("schema.sql");

    fn concerns(event: &Event) -> bool {
        matches!(event, Event::Conversation(_) | Event::Participation(_))
    }

    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(apply(connection, events))
    }
}

/// Conversations first, then what was said in them, then who sits in them, then what each member did: a seat
/// made here starts from its conversation as the batch leaves it.
async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let batch = Batch::fold(events);
    batch.delete(connection, "inbox").await?;
    write(connection, MAKE, &batch.made, "write the conversations of the inbox").await?;
    write(connection, TALK, &batch.talk(), "write the newest messages of the inbox").await?;
    batch.write_messages(connection, "inbox", "uuid, conversation, id, author, at").await?;
    write(connection, UNPIN, &batch.gone(), "unpin deleted messages in the inbox").await?;
    batch.end_seats(connection, "inbox.seats").await?;
    write(connection, FAN_OUT, &batch.talk(), "move conversations up in the inbox").await?;
    write(connection, SEAT, &batch.seats(), "seat members in the inbox").await?;
    write(connection, OWN, &batch.own(), "write members' own state").await?;
    for statement in [LOWER, TRIM, MARK] {
        write(connection, statement, &batch.marking(), "write what members have read").await?;
    }
    Ok(())
}

const MAKE: &str = "
    insert into inbox.conversations (uuid, account_id, id, kind, name, created_by, created_at, changed_at)
    select conversation, account_id, id, kind, name, creator, at, date_trunc('milliseconds', at)
    from jsonb_to_recordset($1) as r
        (conversation uuid, account_id bigint, id bigint, kind text, name text, creator uuid, at timestamptz)
    on conflict on constraint conversations_one_per_uuid do nothing";

const TALK: &str = "
    update inbox.conversations c
    set newest_id = coalesce(r.newest_id, c.newest_id),
        newest_author = coalesce(r.newest_author, c.newest_author),
        newest_by_other = case
            when r.newest_id is null then c.newest_by_other
            when r.newest_by_other is not null then r.newest_by_other
            when c.newest_author <> r.newest_author then c.newest_id
            else c.newest_by_other
        end,
        trashed = coalesce(r.trashed, c.trashed),
        name = case when r.renamed then r.name else c.name end,
        pinned_message = case when r.pin_changed then r.pinned_message else c.pinned_message end,
        changed_at = coalesce(date_trunc('milliseconds', r.changed_at), c.changed_at)
    from jsonb_to_recordset($1) as r
        (conversation uuid, newest_id bigint, newest_author uuid, newest_by_other bigint, trashed boolean,
         changed_at timestamptz, renamed boolean, name text, pin_changed boolean, pinned_message uuid)
    where c.uuid = r.conversation";

const FAN_OUT: &str = "
    update inbox.seats s
    set newest_id = c.newest_id,
        others_id = case when s.user_id = c.newest_author then c.newest_by_other else c.newest_id end,
        trashed = c.trashed,
        changed_at = c.changed_at
    from jsonb_to_recordset($1) as r (conversation uuid)
    join inbox.conversations c on c.uuid = r.conversation
    where s.conversation = r.conversation
      and (s.newest_id, s.others_id, s.trashed, s.changed_at) is distinct from
          (c.newest_id,
           case when s.user_id = c.newest_author then c.newest_by_other else c.newest_id end,
           c.trashed, c.changed_at)";

const UNPIN: &str = "
    update inbox.conversations
    set pinned_message = null
    where pinned_message in (select value::uuid from jsonb_array_elements_text($1))";

const SEAT: &str = "
    insert into inbox.seats
        (user_id, conversation, membership, id, kind, other, trashed, changed_at, newest_id, others_id)
    select r.user_id, r.conversation, r.membership, c.id, c.kind,
           case when c.kind = 'private'
                then (select o.user_id
                      from jsonb_to_recordset($1) as o (conversation uuid, user_id uuid)
                      where o.conversation = r.conversation and o.user_id <> r.user_id) end,
           c.trashed, c.changed_at, c.newest_id,
           case when r.user_id = c.newest_author then c.newest_by_other else c.newest_id end
    from jsonb_to_recordset($1) as r (conversation uuid, user_id uuid, membership bigint)
    join inbox.conversations c on c.uuid = r.conversation
    where r.membership is not null
    on conflict on constraint seats_one_per_member do nothing";

const OWN: &str = "
    update inbox.seats s
    set marker = case when r.marker_changed then r.marker else s.marker end,
        marked_at = case when r.marker_changed then r.marked_at else s.marked_at end,
        marked_unread = coalesce(r.marked_unread, s.marked_unread),
        opened_at = coalesce(r.opened_at, s.opened_at),
        bookmark = case when r.bookmark_removed then r.bookmark else coalesce(s.bookmark, r.bookmark) end,
        pinned = nullif(coalesce(r.pinned, s.pinned), 0),
        muted = coalesce(r.muted, s.muted),
        muted_until = case when r.muted is null then s.muted_until else r.muted_until end,
        archived_at = case when r.archived is null then s.archived_at else r.archived_at end,
        starred = coalesce(r.starred, s.starred),
        subscribed = coalesce(r.subscribed, s.subscribed)
    from jsonb_to_recordset($1) as r
        (conversation uuid, user_id uuid, membership bigint, marker_changed boolean, marker bigint,
         marked_at timestamptz, marked_unread boolean, opened_at timestamptz, bookmark_removed boolean, bookmark bigint, pinned bigint, muted boolean,
         muted_until timestamptz, archived boolean, archived_at timestamptz, starred boolean, subscribed boolean)
    where s.user_id = r.user_id
      and s.conversation = r.conversation
      and s.membership = r.membership";

/// Of the ranges that reach beyond where the marker was, the lowest stays, for what it still covers.
const LOWER: &str = "
    delete from inbox.marks k
    using jsonb_to_recordset($1) as r (conversation uuid, user_id uuid, membership bigint, marks jsonb)
    join inbox.seats s on s.user_id = r.user_id
                      and s.conversation = r.conversation
                      and s.membership = r.membership
    where k.user_id = s.user_id
      and k.conversation = s.conversation
      and ((r.marks->>'cleared')::boolean
           or k.top > (select min(o.top)
                       from inbox.marks o
                       where o.user_id = k.user_id
                         and o.conversation = k.conversation
                         and o.top >= (r.marks->>'lowered')::bigint))";

const TRIM: &str = "
    update inbox.marks k
    set top = (r.marks->>'lowered')::bigint
    from jsonb_to_recordset($1) as r (conversation uuid, user_id uuid, membership bigint, marks jsonb)
    join inbox.seats s on s.user_id = r.user_id
                      and s.conversation = r.conversation
                      and s.membership = r.membership
    where k.user_id = s.user_id
      and k.conversation = s.conversation
      and k.top > (r.marks->>'lowered')::bigint";

const MARK: &str = "
    insert into inbox.marks (user_id, conversation, top, position, at)
    select s.user_id, s.conversation, mark.top, mark.position, mark.at
    from jsonb_to_recordset($1) as r (conversation uuid, user_id uuid, membership bigint, marks jsonb)
    join inbox.seats s on s.user_id = r.user_id
                      and s.conversation = r.conversation
                      and s.membership = r.membership
    cross join jsonb_to_recordset(r.marks->'added') as mark (top bigint, position bigint, at timestamptz)
    where not exists (select from inbox.marks o
                      where o.user_id = s.user_id
                        and o.conversation = s.conversation
                        and o.top >= mark.top)";
