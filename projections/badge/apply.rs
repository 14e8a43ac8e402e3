use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::rows::write;
use crate::seats::Batch;
use crate::{Error, Event, Projection, Recorded};

/// Builds the badges.
#[derive(Debug)]
pub struct Badges;

impl Projection for Badges {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 2;
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

async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let batch = Batch::fold(events);
    batch.delete(connection, "badge").await?;
    write(connection, MAKE, &batch.made, "write the conversations of the badge").await?;
    write(connection, TALK, &batch.talk(), "write the newest messages of the badge").await?;
    batch.write_messages(connection, "badge", "uuid, conversation, id, author").await?;
    batch.end_seats(connection, "badge.seats").await?;
    write(connection, SEAT, &batch.seats(), "seat members in the badge").await?;
    write(connection, OWN, &batch.own(), "write what members did to the badge").await?;
    write(connection, SETTLE, &batch.talk(), "settle the badge").await
}

const MAKE: &str = "
    insert into badge.conversations (uuid, kind)
    select conversation, kind
    from jsonb_to_recordset($1) as r (conversation uuid, kind text)
    on conflict on constraint conversations_one_per_uuid do nothing";

const TALK: &str = "
    update badge.conversations c
    set newest_id = coalesce(r.newest_id, c.newest_id),
        newest_author = coalesce(r.newest_author, c.newest_author),
        newest_by_other = case
            when r.newest_id is null then c.newest_by_other
            when r.newest_by_other is not null then r.newest_by_other
            when c.newest_author <> r.newest_author then c.newest_id
            else c.newest_by_other
        end,
        trashed = coalesce(r.trashed, c.trashed)
    from jsonb_to_recordset($1) as r
        (conversation uuid, newest_id bigint, newest_author uuid, newest_by_other bigint, trashed boolean)
    where c.uuid = r.conversation";

const SEAT: &str = "
    insert into badge.seats (user_id, conversation, membership, kind, trashed, unread)
    select r.user_id, r.conversation, r.membership, c.kind, c.trashed,
           coalesce(case when r.user_id = c.newest_author then c.newest_by_other else c.newest_id end, 0) > 0
    from jsonb_to_recordset($1) as r (conversation uuid, user_id uuid, membership bigint)
    join badge.conversations c on c.uuid = r.conversation
    where r.membership is not null
    on conflict on constraint seats_one_per_member do nothing";

const OWN: &str = "
    update badge.seats s
    set marker = case when r.marker_changed then r.marker else s.marker end,
        marked_unread = coalesce(r.marked_unread, s.marked_unread),
        muted = coalesce(r.muted, s.muted),
        archived = coalesce(r.archived, s.archived),
        unread = coalesce(r.marked_unread, s.marked_unread)
            or coalesce(case when s.user_id = c.newest_author then c.newest_by_other else c.newest_id end, 0)
               > coalesce(case when r.marker_changed then r.marker else s.marker end, 0)
    from jsonb_to_recordset($1) as r
        (conversation uuid, user_id uuid, membership bigint, marker_changed boolean, marker bigint,
         marked_unread boolean, muted boolean, archived boolean)
    join badge.conversations c on c.uuid = r.conversation
    where s.user_id = r.user_id
      and s.conversation = r.conversation
      and s.membership = r.membership";

/// Touches the seats for which a message or the trash makes a difference, and no others.
const SETTLE: &str = "
    update badge.seats s
    set trashed = c.trashed,
        unread = s.marked_unread
            or coalesce(case when s.user_id = c.newest_author then c.newest_by_other else c.newest_id end, 0)
               > coalesce(s.marker, 0)
    from jsonb_to_recordset($1) as r (conversation uuid)
    join badge.conversations c on c.uuid = r.conversation
    where s.conversation = r.conversation
      and (s.trashed <> c.trashed
           or s.unread <> (s.marked_unread
               or coalesce(case when s.user_id = c.newest_author then c.newest_by_other
                                else c.newest_id end, 0) > coalesce(s.marker, 0)))";
