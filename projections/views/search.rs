use domain::ConversationId;

use super::messages::{COLUMNS, ShownMessage};
use super::{SHOWN, Views};
use crate::memory::Message;
use crate::{Error, Page};

/// Adjacent letters or digits that the text index needs: it is made of trigrams.
const INDEXED_LENGTH: usize = 3;
/// Newest messages of a conversation that are scanned when the index cannot serve a search.
const LOOKED_THROUGH_MAX: i64 = 50_000;

struct Found {
    message: Message,
    total: i64,
}

event_store::from_row!(Found { message: flatten, total });

impl Views {
    /// Messages of a conversation with `q` in their text, ignoring case, in posting order or newest
    /// first. Without three adjacent letters or digits in `q`, only the newest 50,000 are searched.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn search_messages(
        &self,
        conversation: ConversationId,
        q: &str,
        descending: bool,
        top: i64,
        skip: i64,
    ) -> Result<Page<ShownMessage>, Error> {
        self.progress.require(SHOWN)?;
        if !self.serves_id(conversation).await? {
            return Ok(Page { items: vec![], total: Some(0) });
        }
        let sql = search_sql(is_indexed(q), descending);
        let find = async |top: i64, skip: i64| {
            let found = || async {
                let query = sqlx::query_as::<_, Found>(&sql).bind(conversation).bind(q);
                query.bind(top).bind(skip).fetch_all(&self.readers).await
            };
            self.ask("search messages", found).await
        };
        let found = find(top, skip).await?;
        // An empty page, or one beyond the end, has no row that carries the total.
        let total = match found.first() {
            Some(found) => found.total,
            None if skip == 0 && top > 0 => 0,
            None => find(1, 0).await?.first().map_or(0, |found| found.total),
        };
        let messages = found.into_iter().map(|found| found.message).collect();
        Ok(Page { items: self.with_authors(messages).await?, total: Some(total) })
    }
}

/// Whether the trigram index can serve a search. In a database whose locale is `C` only the letters
/// of ASCII count: for others the index yields all of the conversation's messages, and each is
/// compared.
pub(super) fn is_indexed(q: &str) -> bool {
    q.split(|c: char| !c.is_alphanumeric()).any(|part| part.chars().count() >= INDEXED_LENGTH)
}

/// Parameters: conversation, q, limit, offset. Each message is compared once, for both the page and
/// the total.
pub(super) fn search_sql(indexed: bool, descending: bool) -> String {
    let direction = if descending { "desc" } else { "asc" };
    let text = "fold_text(m.text)";
    let q = "fold_text($2)";
    // The conversation is compared as text, as in the trigram index: so the planner cannot use the
    // plain index on conversations, which would yield all of its messages. `q` is no pattern, so
    // its pattern characters are escaped.
    let found = match indexed {
        true => format!(
            "select {COLUMNS}
             from messages m
             where m.conversation::text = $1::text
               and {text} like
                   '%' || replace(replace(replace({q}, '\\', '\\\\'), '%', '\\%'), '_', '\\_')
                       || '%'"
        ),
        false => format!(
            "select {COLUMNS}
             from (select *
                   from messages
                   where conversation = $1
                   order by id desc
                   limit {LOOKED_THROUGH_MAX}) m
             where strpos({text}, {q}) > 0"
        ),
    };
    format!(
        "with found as materialized ({found})
         select *, count(*) over () as total
         from found
         order by id {direction}
         limit $3 offset $4"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_letters_or_digits_that_stand_together_are_indexed() {
        for q in ["abc", "ab abc", "été", "привет", "100%"] {
            assert!(is_indexed(q), "{q}");
        }
        for q in ["", "ab", "ab cd", "10", "!!!!", "漢字"] {
            assert!(!is_indexed(q), "{q}");
        }
    }
}
