//! The events that a stream has missed, read from the log.

use domain::AccountPosition;
use event_store::{Log, Watcher};

use super::hub::Subscription;
use super::queue::Item;
use super::{Live, USERS_MAX, rendered, scope};

/// Concurrent catch-up reads of the log; one account has at most half.
pub(super) const LOG_READS_MAX: usize = 8;

impl Live {
    /// The events after a position that a subscriber may see, and how far the log was read: at most
    /// up to `to`.
    pub(crate) async fn missed(
        &self,
        log: &Log,
        of: &Subscription,
        after: AccountPosition,
        to: AccountPosition,
    ) -> Result<(Vec<Item>, AccountPosition), event_store::Error> {
        let _share = self.0.log_reads.take(of.account).await;
        // Memberships as of now: events of conversations that the user has left meanwhile are not
        // shown.
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
