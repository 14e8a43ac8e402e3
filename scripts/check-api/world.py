"""Makes conversations on a running server, and copies of the descriptions that know their ids.

Made-up ids find nothing, and what is behind them would go unchecked: the copies have for each
parameter of a path the values that there are. What a request must not send stays as it is.
"""

import json
import sys
from pathlib import Path

import httpx

CONVERSATIONS = 60
DESK = "/api/v1/accounts/1"


class Caller:
    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=url, headers=headers, timeout=30)

    def get(self, path: str) -> dict:
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, body: dict) -> dict:
        return self.client.post(path, json=body).raise_for_status().json()


def rooms(ann: Caller, bob: Caller, carl: Caller) -> dict[str, dict[str, list]]:
    """The ids of conversations, by what their paths begin with in each dialect."""
    others = [other.get("/api/user")["id"] for other in (bob, carl)]
    ann.post("/api/conversations", {"members": others[:1]})
    apps, messages = [], []
    for n in range(CONVERSATIONS):
        room = ann.post("/api/conversations", {"name": f"Room {n}", "members": others})["id"]
        apps.append(room)
        messages.append(ann.post(f"/api/apps/{room}/messages", {"text": "Hello"})["id"])
    chats = [chat["id"] for chat in ann.get("/api/v1/chats?page[size]=50")["data"]]
    written = [ann.get(f"/api/v1/chats/{chat}/messages")["data"] for chat in chats[:20]]
    memberships = ann.get("/api/v1/chat_memberships")["data"]
    conversations = ann.get("/v1/conversations?limit=50")["data"]
    ids = {"id": [one["id"] for one in conversations]}
    some = ann.get(f"/v1/messages?conversation_id={ids['id'][0]}")["data"]
    return {
        "/api/apps": {"id": apps, "users": ["bob"]},
        "/api/conversations": {"id": apps},
        "/api/messages": {"id": messages},
        "/api/users": {"user": ["ann", "bob"]},
        "/api/v1/chats": {"chat_id": chats[:20], "id": chats},
        "/api/v1/chats/{chat_id}/messages/": {"id": [some[0]["id"] for some in written if some]},
        "/api/v1/chat_memberships": {"id": [one["id"] for one in memberships]},
        "/api/v1/users": {"id": [one["id"] for one in ann.get("/api/v1/users")["data"]]},
        "/v1/conversations": ids,
        "/v1/contacts": {"id": ["bob"]},
        "/v1/groups": {"id": [one["group_id"] for one in conversations if one["group_id"]]},
        "/v1/messages": {"id": [message["id"] for message in some]},
        "/audit": {"conversation": chats},
    }


def desk(carl: Caller) -> dict[str, dict[str, list]]:
    inbox = carl.post(f"{DESK}/inboxes", {"name": "Shop", "channel": {"type": "api"}})["id"]
    teams = [carl.post(f"{DESK}/teams", {"name": f"Team {n}"})["id"] for n in range(CONVERSATIONS)]
    contacts, conversations, messages = [], [], []
    for n in range(CONVERSATIONS):
        source = {"inbox_id": inbox, "source_id": f"src-{n}"}
        made = carl.post(f"{DESK}/contacts", {"name": f"Contact {n}", **source})
        contacts.append(made["payload"]["contact"]["id"])
        body = {**source, "message": {"content": "Hello", "message_type": "incoming"}}
        made = carl.post(f"{DESK}/conversations", body)
        conversations.append(made["id"])
        messages.append(made["messages"][0]["id"])
    return {
        DESK_PATH: {"account_id": [1], "inbox_id": [inbox]},
        f"{DESK_PATH}/inboxes": {"id": [inbox]},
        f"{DESK_PATH}/teams": {"id": teams},
        f"{DESK_PATH}/contacts": {"id": contacts},
        f"{DESK_PATH}/conversations": {"id": conversations, "message_id": messages},
    }


DESK_PATH = "/api/v1/accounts/{account_id}"


def fill(description: dict, ids: dict[str, dict[str, list]]) -> dict:
    """The description with the values that there are as those of the parameters of paths."""
    for path, operations in description["paths"].items():
        known = {}
        for start in sorted(start for start in ids if path.startswith(start)):
            known |= ids[start]
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("in") == "path" and known.get(parameter["name"]):
                    is_text = parameter["schema"]["type"] == "string"
                    values = known[parameter["name"]]
                    parameter["schema"]["enum"] = [str(v) if is_text else v for v in values]
    return description


def main(url: str, descriptions: Path, filled: Path, tokens: list[str]) -> None:
    ann, bob, carl = (Caller(url, token) for token in tokens)
    ids = rooms(ann, bob, carl) | desk(carl)
    filled.mkdir(exist_ok=True)
    for path in descriptions.glob("*.json"):
        (filled / path.name).write_text(json.dumps(fill(json.loads(path.read_text()), ids)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
