//! A message that was just posted is answered from its event, until it is deleted.

use domain::conversation::{Command, Conversation};

use crate::MODELS;
use crate::tests::{ACCOUNT, Node, Office, incoming, outgoing, said};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_from_memory_while_it_is_the_newest_and_not_deleted() {
    let mut office = Office::open(5).await;
    let node = Node::start(&office.world.log, MODELS);
    let id = office.converse(0, |opening| opening).await;
    let (contact, ann) = (office.links[0].0, office.agents[0]);
    let mut remembered = Vec::new();
    for message in [outgoing(ann, "one"), incoming(contact, "two"), outgoing(ann, "three")] {
        assert!(office.tell(id, said(message)).await);
        node.wait_for(office.world.log.head().await.unwrap()).await;
        let shown = node.views.support_conversation_of(ACCOUNT, id).await.unwrap().unwrap();
        let newest = shown.last_message.clone().unwrap();
        remembered.push(node.views.memory.posted.find(id, newest.id).is_some());
        let posted = node.views.support_posted(id, newest.id).await.unwrap().unwrap();
        assert_eq!(format!("{posted:?}"), format!("{newest:?}"));
    }
    assert_eq!(remembered, [true; 3]);
    let shown = node.views.support_conversation_of(ACCOUNT, id).await.unwrap().unwrap();
    let newest = shown.last_message.clone().unwrap();
    let delete = Command::DeleteMessage { message: newest.uuid };
    assert!(office.world.ask::<Conversation>(id, delete).await);
    node.wait_for(office.world.log.head().await.unwrap()).await;
    assert!(node.views.memory.posted.find(id, newest.id).is_none());
    let posted = node.views.support_posted(id, newest.id).await.unwrap().unwrap();
    assert_eq!((posted.deleted, posted.text.as_str()), (true, ""));
    node.stop().await;
}
