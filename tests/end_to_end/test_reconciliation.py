"""`reconcile_usage` on the whole system: silent where all is right, loud about what was spoiled."""

import json
import subprocess
import sys
import uuid
from typing import Any

import psycopg
import pytest

from tests.end_to_end.accounts import Account
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel

SPOILED = {
    "figures_differ": "UPDATE usage_tokenusage SET prompt_tokens = prompt_tokens + 1 WHERE id = %s",
    "not_booked": "DELETE FROM usage_tokenusage WHERE id = %s",
    "still_pending": "UPDATE usage_tokenusage SET state = 'pending' WHERE id = %s",
}
# No call stays pending for the tests that come after this one.
MENDED = "UPDATE usage_tokenusage SET state = 'settled' WHERE id = %s"


def reconcile(stack: RunningStack, account: Account) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "controlplane.manage", "reconcile_usage", "--json", "--user", account.id]
    done = subprocess.run(
        command, env=stack.environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_row_is_found_by_what_the_thread_says(
    stack: RunningStack, scripted_model: ScriptedModel, kind: str
) -> None:
    account, word = Account.new(stack), f"reconciled-{uuid.uuid4()}"
    scripted_model.reply(word, "Booked.", prompt_tokens=41, completion_tokens=13)
    session = account.api.new_session()
    run = account.api.say(session, f"Hello {word}")["run_id"]
    (row,) = account.api.settled_usage(run=run)

    code, (sums,) = reconcile(stack, account)
    assert code == 0
    assert (sums["sessions"], sums["agreeing"], sums["differing"], sums["unmarked"]) == (1, 1, 0, 0)

    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(SPOILED[kind], (row["id"],))
    code, (difference, sums) = reconcile(stack, account)
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(MENDED, (row["id"],))

    assert (code, sums["differing"]) == (1, 1)
    assert (difference["kind"], difference["session_id"], difference["attempt_id"]) == (
        kind,
        session,
        row["id"],
    )
    assert difference["said"] == [41, 13]
