use crate::changes::Changes;
use crate::copy::Rows;
use crate::model::Copied;

pub(super) const POSTED: Copied = Copied {
    into: "messages (account_id, id, uuid, conversation, author, text, metadata, tags, created_at,
                     modified_at)",
    take,
};

fn take(changes: &mut Changes<'_>) -> Rows {
    let mut rows = Rows::default();
    for (_, message) in std::mem::take(&mut changes.posted) {
        rows.value(message.account_id).value(message.id).value(message.uuid);
        rows.value(message.conversation).value(message.author).text(message.content.text);
        match message.content.metadata {
            Some(metadata) => rows.json(metadata),
            None => rows.null(),
        };
        rows.array(message.content.tags).time(message.created_at);
        match message.modified_at {
            Some(modified_at) => rows.time(modified_at),
            None => rows.null(),
        };
        rows.end();
    }
    rows
}
