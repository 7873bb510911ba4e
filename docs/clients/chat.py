"""A chat in the terminal: one call for a token, and the public LangGraph SDK for everything else.

    pip install httpx langgraph-sdk
    THREADPLANE_URL=http://127.0.0.1:8000 THREADPLANE_TOKEN=tp_… python chat.py "Why blue?" [thread]

The token is a personal access token with the scope `agent`. The thread is printed; give it to go on in it.
"""

import os
import sys

import httpx
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient


def sign_in(url: str, token: str) -> SyncLangGraphClient:
    """Exchange the token for one of the Agent Server, which holds for ten minutes."""
    answer = httpx.post(
        f"{url}/api/v1/auth/agent-token/", headers={"Authorization": f"Bearer {token}"}, timeout=10
    ).raise_for_status()
    access = answer.json()
    return get_sync_client(
        url=access["agent_url"], api_key=None, headers={"Authorization": f"Bearer {access['token']}"}
    )


def ask(client: SyncLangGraphClient, thread: str, question: str) -> None:
    """Print the answer as it comes, and what it took."""
    said = {"messages": [{"role": "user", "content": question}]}
    for part in client.runs.stream(thread, "agent", input=said, stream_mode="messages-tuple"):
        if part.event == "error":
            sys.exit(f"{part.data['error']}: {part.data['message']}")
        if part.event != "messages" or part.data[0]["type"] != "AIMessageChunk":
            continue
        chunk = part.data[0]
        print(chunk["content"], end="", flush=True)
        if usage := chunk.get("usage_metadata"):
            print(f"\n[{usage['input_tokens']} + {usage['output_tokens']} tokens]", file=sys.stderr)
    print()


def main() -> None:
    """Ask one question, in a new thread or in one there is."""
    question, *known = sys.argv[1:]
    client = sign_in(os.environ["THREADPLANE_URL"], os.environ["THREADPLANE_TOKEN"])
    # A thread is a session of the user's from the first moment, in the web chat as well.
    thread = known[0] if known else client.threads.create()["thread_id"]
    ask(client, thread, question)
    print(f"[thread {thread}]", file=sys.stderr)


main()
