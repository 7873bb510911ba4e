"""An account with one of everything, each with a word that nothing else in the world says."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from psycopg.types.json import Jsonb

from controlplane.documents.vector_writing import TABLES
from tests.conftest import DEMO_PASSWORD
from tests.end_to_end.api import Api, eventually
from tests.end_to_end.hands import new_account
from tests.end_to_end.traces import Sought
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

WORDS = (
    "address", "first name", "last name", "title", "tag", "session prompt", "message", "answer", "failure",
    "document name", "document content", "document category", "vector", "prompt name", "prompt content",
    "feedback", "key name", "tool", "preference", "item", "token name", "late answer", "unknown thread",
)  # fmt: skip
SLOW = {"streamingProfile": {"ttft": 20, "tps": 10}, "chunkSize": 5}
FORGET_SESSION = (
    "UPDATE runs_run SET session_id = NULL WHERE session_id = %s",
    "UPDATE usage_tokenusage SET chat_session_id = NULL WHERE chat_session_id = %s",
    "DELETE FROM chat_indexedmessage WHERE session_id = %s",
    "DELETE FROM chat_chatsession WHERE id = %s",
)
CONFIRM = """
    INSERT INTO account_emailaddress (email, verified, "primary", user_id) VALUES (%s, true, true, %s)
"""


@dataclass
class WholeAccount:
    """The account, signed in, and what there is to look for of it."""

    stack: RunningStack
    user_id: str
    api: Api
    words: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, stack: RunningStack, model: ScriptedModel) -> "WholeAccount":
        """Make the account and fill it."""
        words = {name: f"w{uuid.uuid4().hex}" for name in WORDS}
        user_id = new_account(stack)
        account = cls(stack, user_id, Api(stack.control_plane_url), words, {"user": user_id})
        account._name_it()
        account.api = Api.signed_in(stack.control_plane_url, account.email, DEMO_PASSWORD)
        account._talk(model)
        account._keep_things()
        account._keep_vectors()
        account._keep_item()
        account._browse()
        account._take_out()
        return account

    @property
    def email(self) -> str:
        """Its address."""
        return f"{self.words['address']}@example.com"

    @property
    def sought(self) -> Sought:
        """What to look for."""
        return Sought(self.words, self.ids)

    def _execute(self, database: str, query: str, *values: Any) -> list[Any]:
        address = self.stack.environment[database].replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address) as connection:
            cursor = connection.execute(query, values or None)  # type: ignore[call-overload]  # a plain text
            return list(cursor.fetchall()) if cursor.description else []

    def _name_it(self) -> None:
        self._execute(
            "DATABASE_URL",
            "UPDATE accounts_customuser SET email = %s, first_name = %s, last_name = %s WHERE id = %s",
            self.email,
            self.words["first name"],
            self.words["last name"],
            self.user_id,
        )
        self._execute(
            "DATABASE_URL",
            CONFIRM,
            self.email,
            self.user_id,
        )

    def _talk(self, model: ScriptedModel) -> None:
        words = self.words
        body = {
            "title": words["title"],
            "tags": [words["tag"]],
            "custom_system_prompt": words["session prompt"],
        }
        session = str(self.api.expect(201, "POST", "sessions/", json=body)["id"])
        model.reply(words["message"], f"It is {words['answer']}.")
        model.fail(words["failure"], 500)
        self.api.say(session, f"Tell {words['message']}")
        self.api.expect(502, "POST", f"sessions/{session}/messages/", json={"message": words["failure"]})
        self.api.settled_usage(calls=2, session=session)
        self.api.expect(
            201,
            "PUT",
            f"sessions/{session}/feedback/",
            json={"message_index": 1, "rating": "star_4", "feedback_text": words["feedback"]},
        )
        lost = self.api.new_session("Unknown")
        model.reply(words["unknown thread"], "Yes.")
        self.api.say(lost, words["unknown thread"])
        eventually(
            lambda: self.api.usage(session=lost),
            lambda rows: bool(rows) and rows[0]["state"] == "settled",
            within=30,
        )
        self.api.expect(200, "GET", f"sessions/{session}/")
        self.ids |= {"session": session, "unknown thread's id": lost}

    def forget_session(self) -> None:
        """Let a thread be unknown to the control plane, as after a restored backup."""
        lost = self.ids["unknown thread's id"]
        for statement in FORGET_SESSION:
            self._execute("DATABASE_URL", statement, lost)

    def _keep_things(self) -> None:
        words, api = self.words, self.api
        file = (f"{words['document name']}.txt", words["document content"].encode())
        described = {"category": words["document category"], "session": self.ids["session"]}
        bound = api.expect(201, "POST", "documents/", files={"file": file}, data=described)
        free = api.expect(201, "POST", "documents/", files={"file": file}, data={"category": "free"})
        self.ids |= {"bound document": bound["id"], "document": free["id"]}
        prompt = {"name": words["prompt name"], "content": words["prompt content"]}
        self.ids["prompt"] = api.expect(201, "POST", "prompts/", json=prompt)["id"]
        key = {
            "provider": "openai",
            "key_name": words["key name"],
            "api_key": "sk-scripted-own",
            "use_for_runs": False,
        }
        self.ids["key"] = api.expect(201, "POST", "provider-keys/", json=key)["id"]
        tool = api.expect(201, "POST", "user-tools/", json={"tool_name": "calculator"})["id"]
        self._execute(
            "DATABASE_URL",
            "UPDATE tools_usertool SET tool_display_name = %s WHERE id = %s",
            words["tool"],
            tool,
        )
        self.ids["tool"] = tool
        api.expect(200, "PATCH", "preferences/", json={"custom_system_prompt": words["preference"]})
        api.expect(200, "GET", "preferences/")
        token = {"name": words["token name"], "scopes": ["read"]}
        self.ids["token"] = api.expect(201, "POST", "auth/personal-access-tokens/", json=token)["id"]

    def _keep_vectors(self) -> None:
        for statement in TABLES:
            self._execute("PGVECTOR_CONNECTION_STRING", statement)
        collection = uuid.uuid4()
        described = {"user_id": self.user_id, "document_id": self.ids["document"]}
        self._execute(
            "PGVECTOR_CONNECTION_STRING",
            "INSERT INTO langchain_pg_collection VALUES (%s, %s, %s)",
            collection,
            f"user_{self.user_id}_documents",
            Jsonb({"user_id": self.user_id}),
        )
        self._execute(
            "PGVECTOR_CONNECTION_STRING",
            "INSERT INTO langchain_pg_embedding VALUES (%s, %s, '[1,2]', %s, %s)",
            str(uuid.uuid4()),
            collection,
            self.words["vector"],
            Jsonb(described),
        )
        self._execute(
            "DATABASE_URL",
            "UPDATE documents_userdocument SET vector_collection_name = %s WHERE id = %s",
            f"user_{self.user_id}_documents",
            self.ids["document"],
        )

    def _take_out(self) -> None:
        export = self.api.expect(201, "POST", "exports/", json={})
        path = f"exports/{export['id']}/"
        eventually(
            lambda: self.api.expect(200, "GET", path)["status"], lambda status: status == "ready", within=30
        )
        self.ids["export"] = str(export["id"])

    def _keep_item(self) -> None:
        access = self.api.expect(200, "POST", "auth/agent-token/")
        answer = httpx.put(
            f"{access['agent_url']}/store/items",
            headers={"Authorization": f"Bearer {access['token']}"},
            json={
                "namespace": ["users", self.user_id, "notes"],
                "key": "memory",
                "value": {"text": self.words["item"]},
            },
            timeout=30,
        )
        assert answer.is_success, answer.text

    def _browse(self) -> None:
        with httpx.Client(base_url=self.stack.control_plane_url, timeout=30) as browser:
            browser.get("/api/accounts/browser/v1/config")
            browser.post(
                "/api/accounts/browser/v1/auth/login",
                json={"email": self.email, "password": DEMO_PASSWORD},
                headers={
                    "X-CSRFToken": browser.cookies["csrftoken"],
                    "Referer": self.stack.control_plane_url,
                },
            ).raise_for_status()
