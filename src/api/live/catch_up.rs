//! What a listener has missed, from the log.

use domain::AccountPosition;
use event_store::{Log, Watcher};

use super::hub::Subscription;
use super::queue::Item;
use super::{Live, USERS_MAX, rendered, scope};

/// Who read from the log at once; an account's are half of them at most.
pub(super) const LOG_READS_MAX: usize = 8;

impl Live {
    /// What a subscriber sees of the events behind a position, and how far was looked: `to` at
    /// most.
    pub(crate) async fn missed(
        &self,
        log: &Log,
        of: &Subscription,
        after: AccountPosition,
        to: AccountPosition,
    ) -> Result<(Vec<Item>, AccountPosition), event_store::Error> {
        let _share = self.0.log_reads.take(of.account).await;
        // As it is now: what they were taken out of meanwhile is theirs no more.
        let (conversations, inboxes) = self.0.hub.followed(of);
        let (account, user, kinds) = (of.account, of.user, of.scope.kinds());
        let watcher = Watcher { account, user, conversations, kinds, inboxes };
        let mut window = log.seen_by(&watcher, after, to).await?;
        window.events.retain(|event| match &event.event {
            Ok(domain::Event::Participation(own)) => {
                of.user == Some(own.membership.user) || scope::is_shown_to_others(own)
            }
            Ok(_) => true,
            Err(_) => false,
        });
        let mut facts = self.0.facts.lock().await;
        facts.learn(log.pool(), window.events.iter(), USERS_MAX).await?;
        let items = window.events.iter().map(|event| rendered::event(event, &facts));
        Ok((items.collect(), window.end))
    }
}
