//! A support desk with very many open conversations in one inbox.

use serde_json::json;

use super::{beside_pgbench, in_turns, while_others_write};
use crate::client::User;
use crate::load::{Script, Tally, drive};
use crate::pgbench::Pgbench;
use crate::table::{self, median};
use crate::world::{CALLERS, World};

const ACCOUNT: &str = "/api/v1/accounts/1";
const CONTACTS: usize = 1_000;
/// The number of a page far behind the first.
const DEEP: usize = 400;

/// The agents of the support desk, and its conversations.
pub struct Desk {
    agents: Vec<User>,
    /// The ids by which requests name the agents.
    agent_ids: Vec<i64>,
    conversations: Vec<i64>,
}

impl Desk {
    /// An inbox of all agents, contacts in it, and conversations with a message each.
    pub async fn build(world: &World, size: usize) -> Self {
        let host = User::service();
        let agents: Vec<_> = (0..CALLERS).map(|n| User::agent(format!("agent{n}"))).collect();
        let path = |path: &str| format!("{ACCOUNT}{path}");
        let post = |at: &str, body| host.request_with("POST", &path(at), &format!("{body}"));
        world.build(agents.iter().map(|agent| agent.request("GET", &path("/agents")))).await;
        let ids = world.answer(host.request("GET", &path("/agents"))).await;
        let agent_ids: Vec<i64> =
            ids.as_array().unwrap().iter().map(|agent| agent["id"].as_i64().unwrap()).collect();
        let inbox = json!({"name": "Help", "channel": {"type": "api"}});
        let inbox = world.build([post("/inboxes", inbox)].into_iter()).await[0];
        let members = json!({"inbox_id": inbox, "user_ids": agent_ids});
        world.answer(post("/inbox_members", members)).await;
        let contact = |n| {
            let source_id = format!("src-{n}");
            json!({"inbox_id": inbox, "source_id": source_id, "name": format!("C {n}")})
        };
        world.build((0..CONTACTS).map(|n| post("/contacts", contact(n)))).await;
        let conversation = |n| {
            let message = json!({"content": "Where is my order?", "message_type": "incoming"});
            let source_id = format!("src-{}", n % CONTACTS);
            json!({"inbox_id": inbox, "source_id": source_id, "message": message})
        };
        let creates = (0..size).map(|n| post("/conversations", conversation(n)));
        let conversations = world.build(creates).await;
        world.server.vacuum().await;
        Self { agents, agent_ids, conversations }
    }

    fn posts(&self) -> Vec<Script> {
        let answer =
            json!({"content": "It is on its way, and should arrive tomorrow."}).to_string();
        let path = |id: &i64| format!("{ACCOUNT}/conversations/{id}/messages");
        self.scripts(|agent, own| {
            own.iter().map(|id| agent.request_with("POST", &path(id), &answer)).collect()
        })
    }

    /// What each agent sends over and over.
    fn scripts(&self, of: impl Fn(&User, &[i64]) -> Script) -> Vec<Script> {
        let own = self.conversations.chunks(self.conversations.len() / self.agents.len());
        self.agents.iter().zip(own).map(|(agent, own)| of(agent, &own[..8])).collect()
    }
}

fn get(path: String) -> impl Fn(&User, &[i64]) -> Script {
    move |agent, _| vec![agent.request("GET", &format!("{ACCOUNT}{path}"))]
}

pub async fn support(world: &World) {
    let desk = world.desk().await;
    let size = desk.conversations.len();
    let page = Pgbench::support_page(&world.server, size).await;
    let first = desk.scripts(get("/conversations".into()));
    let what = format!("support list, page 1 of {size}");
    let rate = beside_pgbench(world, &what, &first, &page, 0.4).await;
    let post = desk.posts();
    let beside = ("pgbench page of 25", rate);
    while_others_write(world, "the same", (&first, &post), 50, beside).await;

    let deep = desk.scripts(get(format!("/conversations?page={DEEP}")));
    let (mut firsts, mut deeps) = (Vec::new(), Vec::new());
    let ours = || drive(world.server.address, &deep, world.round);
    let other = async || {
        firsts.push(drive(world.server.address, &first, world.round).await);
        firsts.last().map_or(0.0, Tally::rate)
    };
    let (tallies, first_rate) = in_turns(ours, other).await;
    deeps.extend(tallies);
    let rate = median(deeps.iter().map(Tally::rate));
    let what = format!("support list, page {DEEP}");
    let failed = Tally::merge(deeps).failed();
    table::print_rates(&what, rate, ("page 1", first_rate), 0.5, &failed);

    let counts = Pgbench::support_counts(&world.server).await;
    let meta = desk.scripts(get("/conversations/meta".into()));
    beside_pgbench(world, "support counts", &meta, &counts, 0.6).await;

    let insert = Pgbench::insert(&world.server).await;
    let assign = desk.scripts(|agent, own| {
        let to = |id: &i64, agent_id: &i64| {
            let path = format!("{ACCOUNT}/conversations/{id}/assignments");
            agent.request_with("POST", &path, &json!({"assignee_id": agent_id}).to_string())
        };
        own.iter()
            .flat_map(|id| desk.agent_ids[..2].iter().map(move |agent| to(id, agent)))
            .collect()
    });
    beside_pgbench(world, "assign a support conversation", &assign, &insert, 0.6).await;
    beside_pgbench(world, "post to a support conversation", &post, &insert, 0.6).await;
}
