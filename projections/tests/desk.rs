//! The support desk against a fold of the log, after commands in a random order.

use std::collections::BTreeSet;

use domain::conversation::support::Status;
use domain::team;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::desk_folded::{counts, fold, list};
use super::desk_world::{ACCOUNT, Office};
use super::node::Node;
use super::replay::{TINY, replay};
use crate::MODELS;
use crate::views::support::{Assignee, Desk, Filter, Order};

const ORDERS: [Order; 8] = [
    Order::Activity,
    Order::ActivityAscending,
    Order::Created,
    Order::CreatedAscending,
    Order::Priority,
    Order::PriorityAscending,
    Order::Waiting,
    Order::WaitingDescending,
];

/// A random filter, with a random agent and a random choice of inboxes that they see.
pub(super) fn any_question(office: &mut Office) -> (Desk, Filter) {
    let Office { random, inboxes, teams, agents, links, .. } = office;
    let one_in = |random: &mut rand::rngs::StdRng, n: u32| random.random_ratio(1, n);
    let seen = [None, Some(vec![]), Some(inboxes[..1].to_vec()), Some(inboxes[1..].to_vec())];
    let desk = Desk {
        account: ACCOUNT,
        user: agents.choose(random).copied().filter(|_| one_in(random, 5)).or(Some(agents[0])),
        inboxes: seen.choose(random).cloned().unwrap(),
    };
    let assignees = [Assignee::All, Assignee::Me, Assignee::Unassigned, Assignee::Assigned];
    let q = ["word 1", "WORD", "7%", "_", "of 3"].choose(random).map(|q| (*q).to_owned());
    let labels = [vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]];
    let filter = Filter {
        assignee: *assignees.choose(random).unwrap(),
        status: Status::ALL.choose(random).copied().filter(|_| !one_in(random, 3)),
        q: q.filter(|_| one_in(random, 4)),
        inbox: inboxes.choose(random).copied().filter(|_| one_in(random, 4)),
        team: teams.choose(random).copied().filter(|_| one_in(random, 4)),
        labels: labels.choose(random).cloned().filter(|_| one_in(random, 4)).unwrap_or_default(),
        source_id: links.choose(random).map(|link| link.3.clone()).filter(|_| one_in(random, 6)),
        unattended: one_in(random, 4),
        updated_since: None,
        order: *ORDERS.choose(random).unwrap(),
        page: 0,
    };
    (desk, filter)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_thousand_commands_every_list_and_count_is_one_from_scratch() {
    let mut office = Office::open(14).await;
    let node = Node::start(&office.world.log, MODELS);
    office.go_on_for(8, 250).await;
    let gone = office.teams[2];
    office.tell_team(gone, team::Change::DeleteTeam).await;
    node.wait_for(office.world.log.head().await.unwrap()).await;
    let (views, all) = (&node.views, fold(&office.world.events().await));
    assert!(all.len() > 100, "{}", all.len());
    let teams = BTreeSet::from_iter(office.teams[..2].iter().copied());
    for (id, folded) in &all {
        let shown = views.support_conversation_of(ACCOUNT, *id).await.unwrap().unwrap();
        folded.assert_shown_as(&shown, &teams);
    }
    for n in 0..250 {
        let (desk, mut filter) = any_question(&mut office);
        let found = views.support_counts(&desk, &filter).await.unwrap();
        assert_eq!(found, counts(&all, &desk, &filter), "{n}: {desk:?} {filter:?}");
        let expected = list(&all, &desk, &filter);
        // In order, so that a page can start where the one before ended, or in reverse, so that
        // none can.
        let mut pages = Vec::from_iter(0..=expected.len() / 25);
        if n % 2 == 0 {
            pages.reverse();
        }
        for page in pages {
            filter.page = page as i64;
            let listed = views.support_list(&desk, &filter).await.unwrap();
            let listed: Vec<_> = listed.iter().map(|one| one.number).collect();
            let expected: Vec<_> = expected.iter().skip(page * 25).take(25).copied().collect();
            assert_eq!(listed, expected, "{n}: {desk:?} {filter:?}");
        }
    }
    let replay = replay(&office.world, TINY);
    let mut found = |difference| panic!("{difference:?}");
    replay.verify(&[], None, &mut |_| {}, &mut found).await.unwrap();
    node.stop().await;
}
