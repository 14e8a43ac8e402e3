//! A folded conversation as auditors read it.

use domain::{AccountId, MembershipId, Position, UserId};
use event_store::Log;
use serde_json::{Map, Value, json};

use super::fold::{Fold, time};
use crate::Error;

impl Fold {
    pub(super) async fn finish(
        mut self,
        log: &Log,
        account: Option<AccountId>,
        member: Option<&str>,
    ) -> Result<Option<Value>, Error> {
        let (true, Some(at)) = (self.is_of(account), self.recorded_at) else { return Ok(None) };
        let mut shown = self.render(log).await?;
        shown["conversation"] = json!(self.uuid);
        shown["position"] = json!(self.position);
        shown["recorded_at"] = json!(time(at));
        let Some(uid) = member else { return Ok(Some(shown)) };
        let members = shown["members"].take();
        let Some(own) = members.get(uid) else { return Ok(None) };
        shown["members"] = json!(members.as_object().map(|all| all.keys().collect::<Vec<_>>()));
        shown["seen_by"] = json!(uid);
        shown["own"] = own.clone();
        Ok(Some(shown))
    }

    /// The parts that can change over time.
    pub(super) async fn render(&mut self, log: &Log) -> Result<Value, Error> {
        let mut shown = self.fields.clone();
        self.learn_uids(log).await?;
        let named =
            |user: &UserId| self.uids.get(user).cloned().unwrap_or_else(|| user.to_string());
        let members: Map<String, Value> = self
            .members
            .iter()
            .map(|(user, membership)| (named(user), self.member(*user, *membership)))
            .collect();
        if let Some(assignee) = &self.assignee {
            shown.insert("assignee".to_owned(), named(assignee).into());
        }
        shown.insert("members".to_owned(), members.into());
        shown.insert("message_count".to_owned(), json!(self.messages.len()));
        if let Some((id, message)) = self.newest.last_key_value() {
            let message = &self.messages[message];
            let text = match &self.text {
                Some((at, text)) if *at == message.text_at => text.clone(),
                _ => text_at(log, message.text_at).await?,
            };
            let mut last = json!({ "id": id, "text": text });
            if let Some(author) = &message.author {
                last["author"] = named(author).into();
            }
            shown.insert("last_message".to_owned(), last);
        }
        if !self.unreadable.is_empty() {
            shown.insert("unreadable_positions".to_owned(), json!(self.unreadable));
        }
        Ok(shown.into())
    }

    fn member(&self, user: UserId, membership: MembershipId) -> Value {
        let own = self.own.get(&(user, membership)).cloned().unwrap_or_default();
        let newest_by_others = self
            .newest
            .iter()
            .rev()
            .find(|(_, message)| self.messages[*message].author != Some(user))
            .map(|(id, _)| *id);
        let mut member =
            json!({ "since": membership, "is_unread": own.is_unread(newest_by_others) });
        let Value::Object(own) = json!(own) else { return member };
        for (name, value) in own {
            if name != "membership" && !value.is_null() {
                member[name] = value;
            }
        }
        member
    }

    /// Looks up, in the log itself, the uids of all users who appear.
    async fn learn_uids(&mut self, log: &Log) -> Result<(), Error> {
        let author = self
            .newest
            .last_key_value()
            .and_then(|(_, message)| self.messages[message].author.as_ref());
        let unknown: Vec<String> = self
            .members
            .keys()
            .chain(author)
            .chain(&self.assignee)
            .filter(|user| !self.uids.contains_key(user))
            .map(UserId::to_string)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let rows: Vec<(UserId, String)> = sqlx::query_as(
            "select aggregate_id::uuid, payload ->> 'uid'
             from events
             where aggregate_type = 'user' and aggregate_id = any($1) and sequence = 1",
        )
        .bind(unknown)
        .fetch_all(log.pool())
        .await
        .map_err(Error::database("name users"))?;
        self.uids.extend(rows);
        Ok(())
    }
}

async fn text_at(log: &Log, position: Position) -> Result<Value, Error> {
    let Some(event) = log.read(position - 1, 1).await?.pop() else { return Ok(Value::Null) };
    Ok(event.reveal_as_value()["text"].take())
}
