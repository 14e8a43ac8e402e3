//! The query plans of a support desk's lists and counts, among twelve thousand conversations: index
//! ranges, read no further than the page needs, with fresh statistics and without any.

use domain::conversation::support::Status;
use domain::{AccountId, InboxId, TeamId};
use uuid::Uuid;

use super::explain::{Argument, Explainer, bigint, text, uuid};
use crate::views::support::ranges::Ranges;
use crate::views::support::{
    Assignee, Desk, Filter, LinkSought, Order, contacts, conversation, counts, desk, list,
    matching, messages,
};

/// Items of a page.
const PAGE: i64 = 25;
const INDEXES: [&str; 3] =
    ["contacts_by_part_of_text", "support_messages_by_part_of_text", "support_labels"];

async fn explainers() -> [Explainer; 2] {
    Explainer::each_with(include_str!("desk_plans.sql"), &INDEXES).await
}

/// The ids that `desk_plans.sql` generates.
fn made(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((kind << 124) | number)
}

fn inbox(number: u128) -> InboxId {
    made(1, number).into()
}

fn team() -> TeamId {
    made(2, 1).into()
}

fn uuids(uuids: &[Uuid]) -> Argument {
    let uuids: Vec<String> = uuids.iter().map(Uuid::to_string).collect();
    ("uuid[]", format!("'{{{}}}'", uuids.join(",")))
}

fn inboxes(inboxes: &Option<Vec<InboxId>>) -> Argument {
    let uuids_of = |inboxes: &Vec<InboxId>| inboxes.iter().map(|one| one.get()).collect::<Vec<_>>();
    inboxes.as_ref().map_or(("uuid[]", "null".to_owned()), |all| uuids(&uuids_of(all)))
}

fn optional(value: Option<impl Into<Uuid>>) -> Argument {
    value.map_or(("uuid", "null".to_owned()), uuid)
}

fn smallints(numbers: &[i16]) -> Argument {
    super::explain::smallints(numbers)
}

fn texts(texts: &str) -> Argument {
    ("text[]", format!("'{{{texts}}}'"))
}

/// A caller who sees all inboxes, and callers who see only some.
fn desks(explainer: &Explainer) -> [Desk; 3] {
    [None, Some(vec![inbox(1)]), Some((1..6).map(inbox).collect())].map(|inboxes| Desk {
        account: AccountId::FIRST,
        user: Some(explainer.ann),
        inboxes,
    })
}

fn arguments(ranges: &Ranges, offset: i64) -> Vec<Argument> {
    let mut arguments = vec![
        bigint(1),
        uuids(&ranges.of),
        smallints(&ranges.buckets),
        bigint(PAGE),
        bigint(offset),
    ];
    if ranges.has_start() {
        arguments.extend([("timestamptz", "'9999-12-31'".to_owned()), bigint(i64::MAX)]);
    }
    arguments.extend(ranges.inboxes.as_ref().map(|_| inboxes(&ranges.inboxes)));
    arguments.extend(ranges.team.map(uuid));
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_once_however_many_ranges_it_is_of() {
    for mut explainer in explainers().await {
        let all: Vec<InboxId> = (1..11).map(inbox).collect();
        for (order, index) in [
            (Order::Activity, "support_of_an_inbox"),
            (Order::ActivityAscending, "support_of_an_inbox"),
            (Order::Created, "support_by_creation"),
            (Order::CreatedAscending, "support_by_creation"),
            (Order::Priority, "support_by_priority"),
            (Order::PriorityAscending, "support_by_priority"),
            (Order::Waiting, "support_by_waiting"),
            (Order::WaitingDescending, "support_by_waiting"),
        ] {
            for (desk, page) in desks(&explainer).iter().zip([0, 20, 7]) {
                let filter =
                    Filter { status: Some(Status::Open), order, page, ..Filter::default() };
                let by_activity = matches!(order, Order::Activity | Order::ActivityAscending);
                let all = Some(all.clone()).filter(|_| !by_activity);
                let ranges = Ranges::new(desk, &filter, all).unwrap();
                let sql = list::list_sql(&ranges);
                let plan = explainer.explain(&sql, &arguments(&ranges, page * PAGE)).await;
                let of_account = by_activity && desk.inboxes.is_none();
                plan.assert_uses(if of_account { "support_of_an_account" } else { index });
                let (ranges, page) = (ranges.of.len() as i64, (page + 1) * PAGE);
                // These two merge each range class by class.
                plan.assert_reads_at_most(match order {
                    Order::PriorityAscending => 5 * ranges * page,
                    Order::WaitingDescending => 2 * ranges * page,
                    _ => page + 2 * ranges,
                });
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_nobody_of_ones_own_and_of_a_team_read_their_own_rows_only() {
    for mut explainer in explainers().await {
        for desk in desks(&explainer) {
            for (assignee, team, index) in [
                (Assignee::Me, None, "support_of_an_assignee"),
                (Assignee::Me, Some(team()), "support_of_an_assignee"),
                (Assignee::Unassigned, None, "support_of_an_"),
                (Assignee::All, Some(team()), "support_of_a_team"),
            ] {
                for order in [Order::Activity, Order::Priority, Order::Created] {
                    if order != Order::Activity && assignee == Assignee::Unassigned {
                        continue;
                    }
                    let status = Some(Status::Open);
                    let filter = Filter { assignee, team, status, order, ..Filter::default() };
                    let ranges = Ranges::new(&desk, &filter, None).unwrap();
                    let sql = list::list_sql(&ranges);
                    let plan = explainer.explain(&sql, &arguments(&ranges, 0)).await;
                    plan.assert_uses_one_of(index);
                    let own = match order {
                        Order::Activity => 500,
                        _ => 1_000,
                    };
                    plan.assert_reads_at_most(own);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_searched_for_is_found_by_its_own_index() {
    for mut explainer in explainers().await {
        let [desk, ..] = desks(&explainer);
        let page = || [bigint(PAGE), bigint(0), bigint(1)];
        let account = || [text(Some("1"))];
        let word = Filter { q: Some("word 1234".to_owned()), ..Filter::default() };
        let labels = Filter { labels: vec!["rare".to_owned()], ..Filter::default() };
        let source = Filter { source_id: Some("source 77".to_owned()), ..Filter::default() };
        let unattended = Filter { unattended: true, ..Filter::default() };
        let of_account = || bigint(1);
        for (filter, index, arguments) in [
            (
                &word,
                "support_messages_by_part_of_text",
                vec![text(Some("1")), text(Some("word 1234")), of_account(), of_account()],
            ),
            (&labels, "support_labels", [&account()[..], &[texts("rare"), of_account()]].concat()),
            (
                &source,
                "support_of_a_source_id",
                vec![of_account(), text(Some("source 77")), of_account()],
            ),
            (&unattended, "support_unattended", vec![of_account()]),
        ] {
            let listing = list::matching_list(&desk, filter);
            let list_arguments = [&arguments[..], &page()].concat();
            let plan = explainer.explain(listing.sql(), &list_arguments).await;
            plan.assert_uses(index);
            plan.assert_reads_at_most(900);
            let mut counting = matching::matching(&desk, filter);
            counting.push(counts::matching_counts());
            counting.push_bind(desk.user).push(") as mine from matching");
            let count_arguments = [&arguments[..], &[uuid(explainer.ann)]].concat();
            let plan = explainer.explain(counting.sql(), &count_arguments).await;
            plan.assert_uses(index);
            plan.assert_reads_at_most(900);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_lately_is_one_range() {
    for mut explainer in explainers().await {
        let [desk, ..] = desks(&explainer);
        let since = "2026-01-01T03:20:00Z".parse().unwrap();
        let filter = Filter { updated_since: Some(since), ..Filter::default() };
        let listing = list::matching_list(&desk, &filter);
        let since = ("timestamptz", "'2026-01-01T03:20:00Z'".to_owned());
        let plan = explainer.explain(listing.sql(), &[bigint(1), since, bigint(1)]).await;
        plan.assert_uses("support_by_change");
        plan.assert_reads_at_most(500);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_read_from_the_kept_ones() {
    for mut explainer in explainers().await {
        for desk in desks(&explainer) {
            for status in [None, Some(0)] {
                let status = status.map_or("null".to_owned(), |status: i16| status.to_string());
                let arguments = [
                    bigint(1),
                    inboxes(&desk.inboxes),
                    ("smallint", status),
                    optional(None::<TeamId>),
                    uuid(explainer.ann),
                ];
                let plan = explainer.explain(&counts::counts_sql(), &arguments).await;
                plan.assert_uses("support_counts_one_each");
                plan.assert_reads_at_most(3_000);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conversation_and_what_belongs_to_it_are_looked_up() {
    for mut explainer in explainers().await {
        let sql = conversation::conversation_sql("c.number = $2");
        let plan = explainer.explain(&sql, &[bigint(1), bigint(77)]).await;
        plan.assert_uses("support_conversations_one_per_number");
        plan.assert_reads_at_most(1);
        let plan = explainer.explain(conversation::PLACE, &[bigint(1), bigint(77)]).await;
        plan.assert_uses("support_conversations_one_per_number");
        plan.assert_reads_at_most(1);
        let plan = explainer.explain(conversation::NEWEST_OF_LINK, &[uuid(made(4, 7))]).await;
        plan.assert_uses("support_of_a_link");
        plan.assert_reads_at_most(1);
        let arguments = [bigint(1), uuid(made(3, 7)), inboxes(&None), bigint(20)];
        let plan = explainer.explain(&list::of_contact_sql(), &arguments).await;
        plan.assert_uses("support_of_a_contact");
        plan.assert_reads_at_most(7);
        let arguments = [uuid(made(5, 77)), bigint(0), bigint(i64::MAX), bigint(20)];
        let plan = explainer.explain(&messages::messages_sql(true), &arguments).await;
        plan.assert_uses("support_messages_of_a_conversation");
        plan.assert_reads_at_most(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_links_and_agents_are_index_ranges() {
    for mut explainer in explainers().await {
        let page = [bigint(1), bigint(15), bigint(0)];
        let plan = explainer.explain(&contacts::contacts_sql(false), &page).await;
        plan.assert_uses("contacts_one_per_number");
        plan.assert_reads_at_most(15);
        let found = [&page[..], &[text(Some("act 1999"))]].concat();
        let plan = explainer.explain(&contacts::contacts_sql(true), &found).await;
        plan.assert_uses("contacts_by_part_of_text");
        plan.assert_reads_rows_at_most(20);
        let plan = explainer.explain(&contacts::count_sql(false), &[bigint(1)]).await;
        plan.assert_reads_at_most(1);
        let sought = LinkSought { source_id: "source 7".to_owned(), ..LinkSought::default() };
        let sql = contacts::sought_sql(AccountId::FIRST, &sought);
        let plan = explainer.explain(sql.sql(), &[bigint(1), text(Some("source 7"))]).await;
        plan.assert_uses("contact_links_of_a_source_id");
        plan.assert_reads_at_most(1);
        let plan = explainer.explain(&desk::agents_sql(), &[bigint(1)]).await;
        plan.assert_uses("users_who_are_agents");
        plan.assert_reads_at_most(21);
    }
}
