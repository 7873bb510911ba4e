"""Conversations to be exported."""

from asgiref.sync import async_to_sync

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_create
from sdk_bridge import RunRequest


def talk(server, user, word: str) -> ChatSession:
    """Make a session in which a word was said, and said back."""
    session = async_to_sync(session_create)(owner=user, settings={"title": f"About {word}"})
    say(server, user, session, word)
    return session


def say(server, user, session: ChatSession, word: str) -> None:
    """Say one more word."""

    async def run() -> None:
        bridge = server.acting_as(mint_for_user(user).token)
        run = await bridge.start_run(session.pk, RunRequest(on_disconnect="continue", message=word))
        await bridge.wait_for_run(session.pk, run.run_id)

    async_to_sync(run)()
