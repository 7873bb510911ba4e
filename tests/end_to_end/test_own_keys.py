"""A user's own key on the whole system: asked about, used for a turn, limited, and missed when it is lost."""

import uuid
from typing import Any

import psycopg

from tests.end_to_end.accounts import Account
from tests.end_to_end.api import eventually
from tests.running_stack import RunningStack
from tests.scripted_model import ScriptedModel, attempt_id

KEY = "sk-own-0123456789abcdef"
SAID = "openai does not accept your API key. Enter it anew, or have it validated."
GIVEN = {"provider": "openai", "key_name": "Mine", "api_key": KEY}
LOSE = "UPDATE provider_keys_userapikey SET encrypted_key = 'gAAAA-nobody-opens-this' WHERE id = %s"


def say(account: Account, word: str, *, status: int = 200) -> dict[str, Any]:
    """Send one message on a session of its own."""
    session = account.api.new_session()
    answer: dict[str, Any] = account.api.expect(
        status, "POST", f"sessions/{session}/messages/", json={"message": f"Hello {word}"}
    )
    return answer


def test_turn_runs_on_the_user_s_own_key(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    account, word = Account.new(stack), f"own-{uuid.uuid4()}"
    scripted_model.reply(word, "Yes.", prompt_tokens=41, completion_tokens=13)
    key = account.api.expect(201, "POST", "provider-keys/", json=GIVEN)

    found = account.api.expect(200, "POST", f"provider-keys/{key['id']}/validate/")
    answer = say(account, word)

    assert (found["valid"], found["error_code"]) == (True, "")
    (row,) = account.api.settled_usage(run=answer["run_id"])
    assert (row["provider_key_id"], row["total_tokens"]) == (key["id"], 54)
    (call,) = scripted_model.calls(word)
    assert attempt_id(call) == row["id"]
    used = account.api.expect(200, "GET", f"provider-keys/{key['id']}/")
    assert (used["usage_count"], used["total_tokens_used"]) == (1, 54)


def test_limit_of_the_key_ends_the_turn(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    account, word = Account.new(stack), f"limit-{uuid.uuid4()}"
    account.api.expect(201, "POST", "provider-keys/", json={**GIVEN, "daily_limit": 1})

    error = say(account, word, status=429)["error"]

    assert error["code"] == "limit_reached"
    assert error["details"]["which"] == "key_daily_tokens"
    assert scripted_model.calls(word) == []


def test_lost_key_ends_the_turn_and_is_asked_for(stack: RunningStack, scripted_model: ScriptedModel) -> None:
    account, word = Account.new(stack), f"lost-{uuid.uuid4()}"
    key = account.api.expect(201, "POST", "provider-keys/", json=GIVEN)
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute(LOSE, (key["id"],))

    error = say(account, word, status=409)["error"]

    assert (error["code"], error["details"]["reason"], error["message"]) == (
        "run_refused",
        "key_unreadable",
        "Your API key cannot be read any more. Enter it again.",
    )
    assert scripted_model.calls(word) == []
    assert account.api.expect(200, "GET", f"provider-keys/{key['id']}/")["needs_reentry"] is True


def test_refused_key_ends_the_turn_and_is_not_tried_again(
    stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    account, bad, next_one, again, anew = (
        Account.new(stack),
        *(f"{name}-{uuid.uuid4()}" for name in ("bad", "next", "again", "anew")),
    )
    scripted_model.fail(bad, 401, f"Incorrect API key provided: {KEY}")
    key = account.api.expect(201, "POST", "provider-keys/", json=GIVEN)
    address = f"provider-keys/{key['id']}/"

    first = say(account, bad, status=409)["error"]
    known = eventually(
        lambda: account.api.expect(200, "GET", address), lambda seen: seen["refused_at"], within=30
    )
    second = say(account, next_one, status=409)["error"]

    assert (first["code"], first["details"]["provider"], first["message"]) == ("key_refused", "openai", SAID)
    assert (known["is_validated"], known["validation_error"]) == (False, "invalid_key")
    assert (second["code"], second["details"], second["message"]) == (
        "key_refused",
        {"provider": "openai"},
        SAID,
    )
    assert KEY not in str([first, second, known])
    assert scripted_model.calls(next_one) == []

    # The house's key by its owner's wish alone; the user's own once it is found good or entered anew.
    account.api.expect(200, "PATCH", address, json={"may_use_house_key": True})
    scripted_model.reply(next_one, "On the house.")
    say(account, next_one)
    account.api.expect(200, "POST", f"{address}validate/")
    scripted_model.reply(again, "Yes.")
    say(account, again)
    account.api.expect(200, "PATCH", address, json={"api_key": f"{KEY}-new", "may_use_house_key": False})
    scripted_model.reply(anew, "Yes.")
    say(account, anew)

    rows = account.api.settled_usage(calls=4)
    assert [row["provider_key_id"] for row in rows] == [key["id"], key["id"], None, key["id"]]


def test_refused_key_of_the_house_is_not_called_the_user_s(
    stack: RunningStack, scripted_model: ScriptedModel
) -> None:
    account, word = Account.new(stack), f"house-{uuid.uuid4()}"
    scripted_model.fail(word, 401, "Incorrect API key provided: sk-scripted")

    error = say(account, word, status=502)["error"]

    assert (error["code"], error["message"]) == (
        "model_refused",
        "The model's server does not accept the key of this installation.",
    )
