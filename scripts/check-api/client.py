"""Calls every dialect of a running server with the generated client, and reads the answers."""

import sys

from colloquy_client import AuthenticatedClient, models
from colloquy_client.api.audit_conversations import audit_conversations_events
from colloquy_client.api.chatwoot_contacts import chatwoot_contacts_create
from colloquy_client.api.chatwoot_conversations import (
    chatwoot_conversations_create,
    chatwoot_conversations_get,
    chatwoot_conversations_list,
)
from colloquy_client.api.chatwoot_inboxes import chatwoot_inboxes_create
from colloquy_client.api.chatwoot_messages import chatwoot_messages_list
from colloquy_client.api.protocol_conversations import protocol_conversations_list
from colloquy_client.api.protocol_messages import protocol_messages_create
from colloquy_client.api.pulse_chats import pulse_chats_create, pulse_chats_list
from colloquy_client.api.weavy_conversations import (
    weavy_conversations_create,
    weavy_conversations_get,
    weavy_conversations_list,
)
from colloquy_client.api.weavy_messages import weavy_messages_post
from colloquy_client.api.weavy_users import weavy_users_caller


def main(url: str, tokens: list[str]) -> None:
    ann, bob, carl = (AuthenticatedClient(base_url=url, token=token) for token in tokens)
    bob_id = weavy_users_caller.sync(client=bob).id

    body = models.WeavyNewConversation(members=[bob_id])
    made = weavy_conversations_create.sync_detailed(client=ann, body=body)
    assert made.status_code == 201 and isinstance(made.parsed, models.WeavyConversation), made
    chat = made.parsed
    hello = models.WeavyNewMessage(text="Hello")
    message = weavy_messages_post.sync(chat.id, client=ann, body=hello)
    assert isinstance(message, models.WeavyMessage) and message.text == "Hello", message
    page = weavy_conversations_list.sync(client=ann, top=5)
    assert page.count and page.data[0].last_message.id == message.id, page
    missing = weavy_conversations_get.sync(987654321, client=ann)
    assert isinstance(missing, models.WeavyProblem) and missing.status == 404, missing
    stranger = AuthenticatedClient(base_url=url, token="none")
    refused = weavy_users_caller.sync_detailed(client=stranger)
    assert refused.status_code == 401 and isinstance(refused.parsed, models.WeavyProblem), refused

    conversations = protocol_conversations_list.sync(client=ann)
    assert isinstance(conversations, models.ProtocolConversationList), conversations
    conversation = conversations.data[0]
    assert conversation.contact_id and conversation.group_id is None, conversation
    new = models.ProtocolNewMessage(conversation_id=conversation.id, message="Hello again")
    posted = protocol_messages_create.sync(client=ann, body=new)
    assert isinstance(posted, models.ProtocolMessage) and posted.read_at is None, posted

    attributes = models.PulseChatCreationDataAttributes(subject="Orders")
    data = models.PulseChatCreationData(type_="chat", attributes=attributes)
    chat = pulse_chats_create.sync(client=ann, body=models.PulseChatCreation(data=data))
    assert isinstance(chat, models.PulseChatDocument), chat
    assert chat.data.attributes.subject == "Orders", chat
    chats = pulse_chats_list.sync(client=ann, pagesize=1)
    assert len(chats.data) == 1 and chats.meta.total >= 2, chats

    events = audit_conversations_events.sync(chat.data.id, client=carl)
    assert events.data[0].event_type == "ConversationCreated", events
    support(carl)


def support(carl: AuthenticatedClient) -> None:
    channel = models.ChatwootNewInboxChannel(type_=models.ChatwootNewInboxChannelType.API)
    inbox = models.ChatwootNewInbox(name="Shop", channel=channel)
    inbox = chatwoot_inboxes_create.sync(1, client=carl, body=inbox)
    assert isinstance(inbox, models.ChatwootInbox) and inbox.name == "Shop", inbox
    source = {"inbox_id": inbox.id, "source_id": "src-1"}
    contact = models.ChatwootNewContact(name="Ana", **source)
    contact = chatwoot_contacts_create.sync(1, client=carl, body=contact)
    assert contact.payload.contact.name == "Ana", contact
    message = models.ChatwootNewConversationMessage.from_dict({"content": "Hello"})
    new = models.ChatwootNewConversation(message=message, **source)
    made = chatwoot_conversations_create.sync(1, client=carl, body=new)
    assert isinstance(made, models.ChatwootConversation), made
    page = chatwoot_conversations_list.sync(1, client=carl)
    assert page.data.payload[0].id == made.id and page.data.meta.all_count, made.id
    messages = chatwoot_messages_list.sync(1, made.id, client=carl)
    assert messages.payload[0].content == "Hello", messages
    missing = chatwoot_conversations_get.sync(1, 987654321, client=carl)
    assert isinstance(missing, models.ChatwootError) and missing.error, missing


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
