use domain::contact::{self, Contact};
use domain::contact_link::{self, ContactLink};
use domain::group::MembersChange;
use domain::inbox::{self, Inbox};
use domain::{ConversationId, team};
use uuid::Uuid;

use crate::tests::{ACCOUNT, Office, incoming, said};
use crate::views::support::LinkSought;

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_an_inbox_is_who_was_set_last() {
    let office = Office::open(1).await;
    let (inbox, agents) = (office.inboxes[0], &office.agents);
    for change in [
        MembersChange::Add(vec![agents[3]]),
        MembersChange::Remove(vec![agents[0]]),
        MembersChange::Add(vec![agents[2]]),
    ] {
        let command = inbox::Command::SetInboxMembers { change };
        assert!(office.world.ask::<Inbox>(inbox, command).await);
    }
    let views = office.world.project().await;
    let members = views.inbox_members(ACCOUNT, inbox).await.unwrap();
    let members: Vec<_> = members.iter().map(|user| user.uuid).collect();
    assert_eq!(members, agents[1..]);
    assert_eq!(views.inboxes_of(ACCOUNT, agents[0]).await.unwrap(), office.inboxes[1..]);
    assert_eq!(views.inboxes(ACCOUNT).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_team_is_gone_with_its_members() {
    let office = Office::open(2).await;
    let (team, ann) = (office.teams[0], office.agents[0]);
    let members = MembersChange::Exactly(vec![ann]);
    office.tell_team(team, team::Change::SetTeamMembers { members }).await;
    let views = office.world.project().await;
    let teams = views.teams(ACCOUNT).await.unwrap();
    assert_eq!(teams[0].members, [ann]);
    office.tell_team(team, team::Change::DeleteTeam).await;
    let views = office.world.project().await;
    assert_eq!(views.teams(ACCOUNT).await.unwrap().len(), 2);
    assert!(views.team(ACCOUNT, teams[0].number).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_found_by_part_of_whatever_names_them_and_blank_takes_it_away() {
    let mut office = Office::open(3).await;
    let (contact, ..) = office.links[1].clone();
    let profile = contact::Profile {
        email: Some(" ".into()),
        phone_number: Some("+49 100%".into()),
        identifier: Some("crm_1".into()),
        ..contact::Profile::default()
    };
    let command = contact::Command::UpdateContact { profile };
    assert!(office.world.ask::<Contact>(contact, command).await);
    let id = office.converse(1, |opening| opening).await;
    assert!(office.tell(id, said(incoming(contact, "hi"))).await);
    let views = office.world.project().await;
    for (q, found) in [
        ("contact 1", 1),
        ("CONTACT", 6),
        ("100%", 1),
        ("m_1", 1),
        ("c1@", 0),
        ("@example", 5),
        ("%", 1),
    ] {
        let page = views.support_contacts(ACCOUNT, Some(q), 15, 0).await.unwrap();
        assert_eq!((page.items.len(), page.total), (found, Some(found as i64)), "{q}");
    }
    let page = views.support_contacts(ACCOUNT, None, 4, 4).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(6)));
    let changed = &page.items[0];
    assert_eq!((changed.uuid, &changed.email), (contact, &None));
    assert!(changed.last_activity_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_link_counts_and_the_first_choice_of_a_conversation() {
    let office = Office::open(4).await;
    let (contact, inbox, first, _) = office.links[0].clone();
    let source_id = "source-1";
    let again = domain::contact_link_id(ACCOUNT, inbox, source_id);
    let command =
        contact_link::Command::LinkContact { contact, inbox, source_id: source_id.into() };
    assert!(office.world.ask::<ContactLink>(again, command).await);
    let chosen = [(); 2].map(|()| ConversationId::new(Uuid::now_v7()));
    for (conversation, is_first) in chosen.into_iter().zip([true, false]) {
        let command = contact_link::Command::ChooseConversation { conversation, instead_of: None };
        assert_eq!(office.world.ask::<ContactLink>(again, command).await, is_first);
    }
    let views = office.world.project().await;
    let sought = LinkSought { source_id: source_id.to_owned(), ..LinkSought::default() };
    let newest = views.link_sought(ACCOUNT, &sought).await.unwrap().unwrap();
    assert_eq!((newest.uuid, newest.chosen), (again, Some(chosen[0])));
    let elsewhere = LinkSought { inbox: Some(office.inboxes[1]), ..sought };
    let other = views.link_sought(ACCOUNT, &elsewhere).await.unwrap().unwrap();
    assert_eq!(other.uuid, office.links[1].2);
    let links = views.links_of_contact(contact).await.unwrap();
    assert_eq!(links.iter().map(|link| link.uuid).collect::<Vec<_>>(), [again, first]);
    assert!(views.link(ACCOUNT, inbox, source_id).await.unwrap().is_some());
}
