//! The node that writes the read models dies or freezes: another one takes over, and nothing is
//! written twice.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Installation, Server, wait_until};

/// Time for the lease of a dead node to expire and for another node to take it, on a busy machine.
pub const GOES_ON_WITHIN: Duration = Duration::from_secs(20);

/// Two servers, the first of which writes the read models, and a chat.
struct Pair {
    installation: Installation,
    owner: Server,
    other: Server,
    chat: serde_json::Value,
}

async fn owner_of(installation: &Installation) -> Option<String> {
    sqlx::query_scalar("select owner::text from leases where name like 'projector%'")
        .fetch_one(&installation.pool().await)
        .await
        .unwrap()
}

impl Pair {
    async fn start() -> Self {
        let installation = Installation::new().await;
        let owner = installation.start();
        owner.caller("bob").arrive().await;
        let chat = owner.caller("ann").create(json!(["bob"])).await;
        let other = installation.start();
        let ann = other.caller("ann");
        ann.say(&chat, "before").await;
        Self { installation, owner, other, chat }
    }

    /// The other node becomes the writer of the read models, and shows what is then posted on it.
    async fn other_goes_on(&self, before: Option<String>) {
        let since = Instant::now();
        wait_until("another one writes the read models", async || {
            let owner = owner_of(&self.installation).await;
            owner.is_some() && owner != before
        })
        .await;
        self.other.caller("ann").say(&self.chat, "after").await;
        assert!(since.elapsed() < GOES_ON_WITHIN, "{:?}", since.elapsed());
        let path = format!("/api/conversations/{}", self.chat["id"]);
        let shown = self.other.caller("bob").get(&path).await.expect(200);
        assert_eq!(shown["last_message"]["text"], "after");
    }

    /// Every row is what the log says: none is missing or duplicated.
    fn assert_right(&self) {
        let verified = self.installation.run(&["replay", "verify"]);
        assert_eq!(verified, (Some(0), String::new(), String::new()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_owner_is_killed_the_other_node_goes_on_within_seconds() {
    let pair = Pair::start().await;
    let before = owner_of(&pair.installation).await;
    pair.owner.signal(libc::SIGKILL);
    pair.other_goes_on(before).await;
    pair.assert_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_wakes_up_after_its_lease_writes_nothing_and_stands_by() {
    let pair = Pair::start().await;
    let before = owner_of(&pair.installation).await;
    pair.owner.signal(libc::SIGSTOP);
    pair.other_goes_on(before.clone()).await;
    pair.owner.signal(libc::SIGCONT);
    let path = format!("/api/conversations/{}", pair.chat["id"]);
    let woken = pair.owner.caller("bob");
    wait_until("it shows what the other one wrote", async || {
        let answer = woken.get(&path).await;
        answer.status == 200 && answer.body["last_message"]["text"] == "after"
    })
    .await;
    pair.owner.caller("ann").say(&pair.chat, "awake").await;
    assert_ne!(owner_of(&pair.installation).await, before);
    pair.assert_right();
}
