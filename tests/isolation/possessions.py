"""One of everything that addresses of REST name, made and taken away through REST."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.isolation.accounts import Account

SECRETS_IN_ALL = "the owner's word has to be among what the owner sees"
WORD = "word"
# A document changes by itself until then.
PROCESSED_SECONDS = 60.0
DONE = {"completed", "failed"}
TAKEN_AWAY = (
    ("provider_key", "provider-keys/{key_id}/"),
    ("prompt", "prompts/{prompt_id}/"),
    ("document", "documents/{document_id}/"),
    ("tool", "user-tools/{user_tool_id}/"),
    ("token", "auth/personal-access-tokens/{personal_token_id}/"),
    ("session", "sessions/{session_id}/"),
)


def secret_word(mine: dict[str, str]) -> str:
    """The word that stands in everything of the owner's."""
    return mine[WORD]


@contextmanager
def possess(owner: Account) -> Iterator[dict[str, str]]:
    """Let the owner have one of everything, by the names of path parameters; takes it away afterwards."""
    word = f"secret-{uuid.uuid4()}"
    mine = {WORD: word, "version_number": "1", **_conversation(owner, word), **_things(owner, word)}
    try:
        yield mine
    finally:
        for _, path in TAKEN_AWAY:
            owner.api.http.delete(path.format_map(mine))


def _conversation(owner: Account, word: str) -> dict[str, str]:
    api = owner.api
    session = api.new_session(word)
    run = str(api.say(session, f"Say hello. {word}")["run_id"])
    index = next(place for place, message in enumerate(api.history(session)) if message["role"] == "ai")
    body = {"message_index": index, "rating": "thumbs_up", "comment": word}
    feedback = api.http.put(f"sessions/{session}/feedback/", json=body).raise_for_status().json()
    return {"session_id": session, "run_id": run, "feedback_id": str(feedback["id"])}


def _things(owner: Account, word: str) -> dict[str, str]:
    def made(path: str, **body: object) -> str:
        return str(owner.api.http.post(path, **body).raise_for_status().json()["id"])  # type: ignore[arg-type]  # as httpx takes it

    tools = owner.api.expect(200, "GET", "tools/")["results"]
    token_id, _ = owner.personal_token("read")
    return {
        "document_id": _processed(owner, made("documents/", files={"file": (f"{word}.txt", word.encode())})),
        "prompt_id": made("prompts/", json={"name": word, "content": f"{word}: teach {{{{topic}}}}."}),
        "key_id": made(
            "provider-keys/",
            json={"provider": "openai", "key_name": word, "api_key": f"sk-{uuid.uuid4().hex}"},
        ),
        "user_tool_id": made("user-tools/", json={"tool_name": tools[0]["tool_name"]}),
        "personal_token_id": token_id,
    }


def _processed(owner: Account, document_id: str) -> str:
    """Wait until nothing of the document changes by itself."""
    deadline = time.monotonic() + PROCESSED_SECONDS
    while owner.api.expect(200, "GET", f"documents/{document_id}/")["processing_status"] not in DONE:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Document {document_id} is not processed.")
        time.sleep(0.5)
    return document_id
