//! The query plans of every list, for a member with more than ten thousand conversations among
//! twenty thousand rows of others: index ranges, read no further than the page needs, with fresh
//! statistics and without any.

use domain::conversation::Kind;
use domain::{PublicId, UserId};
use uuid::Uuid;

use super::explain::{Explainer, array, bigint, boolean, smallint, smallints, text, uuid};
use crate::Cursor;
use crate::tests::{KINDS, every_choice_of_flags};
use crate::views::{
    Choice, Column, Filter, Order, activity, badge, chats, contacts, conversation, groups, list,
    list_page, members, messages, reads, search, user_lists,
};

/// Items of a page, plus the one that tells whether there are more.
const LIMIT: i64 = 11;

fn every_choice_of_kinds() -> impl Iterator<Item = Vec<Kind>> {
    let chosen = |bits: usize| move |(place, _): &(usize, Kind)| bits & (1 << place) != 0;
    (1..8).map(move |bits| {
        KINDS.into_iter().enumerate().filter(chosen(bits)).map(|(_, kind)| kind).collect()
    })
}

const EITHER: [Option<bool>; 3] = [None, Some(true), Some(false)];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_the_default_order_is_a_few_index_ranges_whatever_the_filter() {
    for mut explainer in Explainer::each().await {
        for kinds in every_choice_of_kinds() {
            for (unread, trashed) in EITHER.iter().flat_map(|one| EITHER.map(|two| (*one, two))) {
                let filter = Filter { kinds: kinds.clone(), unread, trashed, ..Filter::default() };
                let wanted = filter.wanted();
                let (own_mask, own_value) = wanted.own();
                // From the start, from within the items that are not pinned, and from within the
                // pinned ones.
                for (pinned, rank) in [(i64::MAX, i64::MAX), (0, 55_000), (9_000, i64::MAX)] {
                    let arguments = [
                        uuid(explainer.ann),
                        smallint(wanted.mask),
                        smallint(wanted.value),
                        smallint(wanted.kind_bits()),
                        smallint(own_mask),
                        smallint(own_value),
                        boolean(unread),
                        boolean(trashed),
                        bigint(LIMIT),
                        bigint(0),
                        bigint(pinned),
                        boolean(Some(false)),
                        bigint(rank),
                    ]
                    .map(array);
                    let plan = explainer.explain(&list_page::SQL, &arguments).await;
                    plan.assert_reads_at_most(explainer.buckets * LIMIT);
                    plan.assert_uses("memberships_by_rank");
                    plan.assert_uses("memberships_by_pin");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_by_activity_is_a_few_index_ranges_whatever_the_flags() {
    for mut explainer in Explainer::each().await {
        for flags in every_choice_of_flags() {
            for cursor in [
                Cursor::Top,
                Cursor::After(PublicId::new(55_000)),
                Cursor::Before(PublicId::new(55_000)),
            ] {
                let wanted = flags.wanted(&KINDS);
                let (own_mask, own_value) = wanted.own();
                let mut arguments = vec![uuid(explainer.ann)];
                arguments.extend(Explainer::wanted(wanted));
                arguments.extend([bigint(cursor.number().get()), bigint(LIMIT)]);
                arguments.extend([smallint(own_mask), smallint(own_value)]);
                let plan = explainer.explain(&activity::entries_sql(cursor), &arguments).await;
                plan.assert_reads_at_most(explainer.buckets * LIMIT);
                plan.assert_uses("memberships_by_rank");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_chats_is_one_index_range_for_each_kind() {
    for mut explainer in Explainer::each().await {
        for kinds in [KINDS.to_vec(), vec![Kind::Private]] {
            let numbers: Vec<i16> =
                kinds.into_iter().map(crate::memberships::bucket::number).collect();
            let start = [("timestamptz", "null".to_owned()), ("uuid", "null".to_owned())];
            let mut arguments =
                vec![uuid(explainer.ann), smallints(&numbers), bigint(LIMIT), bigint(0)];
            arguments.extend(start);
            let plan = explainer.explain(&chats::indexed_sql(), &arguments).await;
            // Each bucket has one row of counts.
            plan.assert_reads_at_most(explainer.buckets.max(8 * LIMIT));
            plan.assert_uses("memberships_by_change");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_groups_contacts_or_messages_is_one_index_range() {
    for mut explainer in Explainer::each().await {
        let (ann, conversation) = (explainer.ann, explainer.longest().await);
        for cursor in [
            Cursor::Top,
            Cursor::After(PublicId::new(15_000)),
            Cursor::Before(PublicId::new(15_000)),
        ] {
            let number = bigint(cursor.number().get());
            let kinds = ("text[]", "'{room,contextual}'".to_owned());
            let arguments = [uuid(ann), number.clone(), bigint(LIMIT), kinds];
            let plan = explainer.explain(&groups::groups_sql(cursor), &arguments).await;
            plan.assert_uses("members_by_number");
            plan.assert_reads_at_most(LIMIT + 1);
            let arguments = [uuid(ann), bigint(1), number, bigint(LIMIT)];
            let plan = explainer.explain(&contacts::contacts_sql(cursor), &arguments).await;
            plan.assert_uses("users_one_per_id");
            plan.assert_reads_at_most(LIMIT + 1);
        }
        for (descending, end) in [(false, 0), (true, i64::MAX)] {
            let arguments = [uuid(conversation), bigint(LIMIT), bigint(0), bigint(end)];
            let plan = explainer.explain(&messages::page_sql(descending), &arguments).await;
            plan.assert_uses("messages_of_a_conversation");
            plan.assert_reads_at_most(LIMIT + 1);
        }
        for cursor in [
            Cursor::Top,
            Cursor::After(PublicId::new(55_000)),
            Cursor::Before(PublicId::new(55_000)),
        ] {
            let arguments =
                [uuid(ann), uuid(conversation), bigint(cursor.number().get()), bigint(LIMIT)];
            let plan = explainer.explain(&reads::reads_sql(cursor), &arguments).await;
            plan.assert_uses("messages_of_a_conversation");
            plan.assert_uses("read_ranges_in_log_order");
            plan.assert_uses("read_ranges_one_per_top");
            plan.assert_reads_at_most(2 * (LIMIT + 1));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_by_name_are_one_index_range_and_a_search_reads_those_that_it_finds() {
    for mut explainer in Explainer::each().await {
        for except in [("uuid", "null".to_owned()), uuid(explainer.ann)] {
            let of = |q| [bigint(1), bigint(LIMIT), bigint(0), text(q), except.clone()];
            let plan = explainer.explain(&user_lists::users_sql(false), &of(None)).await;
            plan.assert_uses("users_by_name");
            plan.assert_reads_at_most(LIMIT + 1);
            let found = of(Some("user-1234"));
            let plan = explainer.explain(&user_lists::users_sql(true), &found).await;
            plan.assert_uses("users_by_part_of_name");
            plan.assert_reads_rows_at_most(3 * LIMIT);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_found_by_uid_and_its_members_are_read_alone() {
    for mut explainer in Explainer::each().await {
        let plan =
            explainer.explain(conversation::BY_UID, &[bigint(1), text(Some("uid-7782"))]).await;
        plan.assert_uses("conversations_by_uid");
        plan.assert_reads_at_most(1);
        let conversation = explainer.longest().await;
        let users = ("uuid[]", format!("'{{{},{}}}'", explainer.ann, UserId::new(Uuid::nil())));
        let plan = explainer.explain(members::AMONG, &[uuid(conversation), users]).await;
        plan.assert_reads_at_most(2);
        for q in [None, Some("user-1")] {
            let page = [uuid(conversation), bigint(LIMIT), bigint(0), text(q)];
            let plan = explainer.explain(&members::members_sql(q.is_some()), &page).await;
            plan.assert_reads_at_most(2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_a_text_reads_those_that_it_finds_and_a_short_one_the_conversation() {
    for mut explainer in Explainer::each().await {
        let conversation = explainer.longest().await;
        for descending in [false, true] {
            let argument = |q| [uuid(conversation), text(Some(q)), bigint(LIMIT), bigint(0)];
            let sql = search::search_sql(true, descending);
            let plan = explainer.explain(&sql, &argument("Word 1234")).await;
            plan.assert_uses("messages_by_part_of_text");
            plan.assert_reads_rows_at_most(3 * LIMIT);
            let sql = search::search_sql(false, descending);
            let plan = explainer.explain(&sql, &argument("34")).await;
            plan.assert_uses("messages_of_a_conversation");
            plan.assert_reads_rows_at_most(10_334);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_counts_are_read_from_the_kept_ones() {
    for mut explainer in Explainer::each().await {
        let users = ("uuid[]", format!("'{{{}}}'", explainer.ann));
        let plan = explainer.explain(&badge::unread_counts_sql(), &[users]).await;
        plan.assert_reads_at_most(explainer.buckets);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_orders_and_filters_read_and_sort_the_members_own_rows_only() {
    for mut explainer in Explainer::each().await {
        let orders =
            [Order::Default, Order::Id, Order::Name, Order::ModifiedAt, Order::LastMessageAt];
        for order in orders {
            for (q, tag) in [(None, None), (Some("ab"), None), (None, Some("A"))] {
                let filter = Filter { kinds: KINDS.to_vec(), order, ..Filter::default() };
                let kinds = smallints(&filter.wanted().kinds());
                let arguments = [
                    uuid(explainer.ann),
                    kinds,
                    boolean(None),
                    boolean(None),
                    bigint(LIMIT),
                    bigint(0),
                    text(q),
                    text(tag),
                ];
                let plan = explainer.explain(&list::sorted_sql(&filter), &arguments).await;
                plan.assert_reads_at_most(explainer.own);
            }
        }
        for order in [vec![], vec![(Column::Name, false)], vec![(Column::CreatedAt, true)]] {
            let choice = Choice { kinds: KINDS.to_vec(), order, limit: LIMIT, ..Choice::default() };
            let sql = chats::sorted(explainer.ann, &choice, vec![0, 1, 2]);
            let arguments = [uuid(explainer.ann), smallints(&[0, 1, 2]), bigint(LIMIT), bigint(0)];
            let plan = explainer.explain(sql.sql(), &arguments).await;
            plan.assert_reads_at_most(explainer.own);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_a_peer_reads_the_members_own_rows_only() {
    for mut explainer in Explainer::each().await {
        let peer = Some("user-1234".to_owned());
        let kinds = vec![Kind::Private];
        let choice = Choice { kinds, peer, limit: LIMIT, ..Choice::default() };
        let sql = chats::sorted(explainer.ann, &choice, vec![0]);
        let pattern = || text(Some("%user-1234%"));
        let arguments =
            [uuid(explainer.ann), smallints(&[0]), pattern(), pattern(), bigint(LIMIT), bigint(0)];
        let plan = explainer.explain(sql.sql(), &arguments).await;
        plan.assert_reads_at_most(explainer.own);
    }
}
