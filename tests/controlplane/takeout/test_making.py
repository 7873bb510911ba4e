"""What is in an export: everything of its user, nothing of anybody else, and no secret."""

import csv
import hashlib
import io

from asgiref.sync import async_to_sync

from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument
from controlplane.provider_keys.models import UserAPIKey
from controlplane.takeout.making import export_make
from controlplane.takeout.services import export_request
from controlplane.takeout.tables import all_tables
from controlplane.tools.models import UserTool
from controlplane.vault.box import seal
from tests.controlplane import agent_server_double
from tests.controlplane.documents.files import kept_files, upload
from tests.controlplane.one_of_each import add_one_of_each_of
from tests.controlplane.takeout.conversing import say, talk
from tests.controlplane.takeout.finished import Exported


def test_conversation_is_there_for_people_and_for_programs(user, agent_server, make_export):
    session = talk(agent_server, user, "jasmine")

    export = make_export(user)

    exported = Exported(export)
    plain = exported.json(f"conversations/{session.pk}.json")
    assert (plain["session_id"], plain["title"]) == (str(session.pk), "About jasmine")
    said = [(message["role"], message["content"]) for message in plain["messages"]]
    assert said == [("human", "jasmine"), ("ai", "You said jasmine")]
    assert exported.text(f"conversations/{session.pk}.md") == (
        "# About jasmine\n\n## You\n\njasmine\n\n## Assistant\n\nYou said jasmine\n"
    )
    assert [row["title"] for row in exported.json("sessions.json")] == ["About jasmine"]


def test_manifest_names_every_file_with_its_hash(user, agent_server, make_export):
    talk(agent_server, user, "jasmine")
    document = upload(user, "tea.txt", b"Tea is good.")

    exported = Exported(make_export(user))

    manifest = exported.json("manifest.json")
    listed = {entry["name"]: (entry["bytes"], entry["sha256"]) for entry in manifest["files"]}
    there = {
        name: (len(content), hashlib.sha256(content).hexdigest())
        for name, content in exported.files.items()
        if name != "manifest.json"
    }
    assert listed == there
    assert exported.files[f"documents/{document.pk}/tea.txt"] == b"Tea is good."
    assert manifest["counts"]["sessions"] == 1
    assert manifest["counts"].keys() == {table.name for table in all_tables()}
    assert manifest["missing"] == []


def test_one_of_everything_is_in_it_and_nothing_of_another_user(
    user, stranger, agent_server, make_export, documents_folder
):
    for owner, canary in ((user, "own-canary"), (stranger, "foreign-canary")):
        add_one_of_each_of(owner)
        talk(agent_server, owner, canary)
        upload(owner, f"{canary}.txt", canary.encode())
        ChatSession.objects.filter(user=owner).update(custom_system_prompt=canary)
    UserDocument.objects.filter(file="none").delete()

    exported = Exported(make_export(user))

    everything = b"\n".join([*exported.files.values(), *(name.encode() for name in exported.files)])
    assert b"own-canary" in everything
    for foreign in ("foreign-canary", stranger.email, str(stranger.pk)):
        assert foreign.encode() not in everything
    empty = [table.name for table in all_tables() if exported.json(f"{table.name}.json") == []]
    assert empty == ["groups", "sign-in/addresses", "sign-in/single-sign-on", "sign-in/second-factors",
                     "prompts/shared-with-you"]  # fmt: skip


def test_no_secret_is_in_it(user, make_export):
    _, token = personal_token_create(owner_id=user.pk, name="Script", scopes=["read"])
    user.set_password("canary-password-of-mine")
    user.save()
    key = UserAPIKey(user=user, provider="openai", key_name="Mine")
    key.encrypt_api_key("sk-canary-key-of-mine-0001")
    key.save()
    sealed = seal('{"token": "canary"}').token
    UserTool.objects.create(user=user, tool_name="web", sealed_secrets=sealed, secret_names=["token"])

    exported = Exported(make_export(user))

    everything = b"\n".join(exported.files.values()).decode()
    for secret in (token, "sk-canary-key-of-mine-0001", key.encrypted_key, sealed, user.password):
        assert secret not in everything
    assert exported.json("keys/keys.json")[0]["last_four"] == "0001"
    assert exported.json("tools/settings.json")[0]["secret_names"] == ["token"]


def test_usage_opens_in_a_spreadsheet(user, make_export):
    session = add_one_of_each_of(user)
    session.token_usage.update(node="=1+1")

    rows = list(csv.DictReader(io.StringIO(Exported(make_export(user)).text("usage/calls.csv"))))

    assert [(row["model_name"], row["node"]) for row in rows] == [("gpt-4o", "'=1+1")]


def test_lost_file_of_a_document_is_named_as_missing(user, make_export):
    document = upload(user)
    kept_files()[0].unlink()

    exported = Exported(make_export(user))

    assert exported.json("manifest.json")["missing"] == [f"documents/{document.pk}/tea.txt"]


def test_lost_thread_is_restored_and_its_conversation_exported(user, agent_server, make_export):
    session = talk(agent_server, user, "jasmine")
    agent_server.lose_thread(session.pk)

    exported = Exported(make_export(user))

    assert len(exported.json(f"conversations/{session.pk}.json")["messages"]) == 2


def test_long_conversation_is_read_in_order(user, agent_server, make_export, monkeypatch):
    monkeypatch.setattr("controlplane.takeout.conversations.PAGE", 3)
    session = talk(agent_server, user, "one")
    for word in ("two", "three", "four"):
        say(agent_server, user, session, word)

    plain = Exported(make_export(user)).json(f"conversations/{session.pk}.json")

    assert [message["content"] for message in plain["messages"]] == [
        said for word in ("one", "two", "three", "four") for said in (word, f"You said {word}")
    ]


def test_reading_is_done_by_the_user_whom_the_agent_server_keeps_to_their_own(user, stranger, agent_server):
    foreign = talk(agent_server, stranger, "foreign-canary")
    ChatSession.objects.filter(pk=foreign.pk).update(user=user)
    export = export_request(owner_id=user.pk)

    async_to_sync(export_make)(export_id=export.pk)

    export.refresh_from_db()
    text = Exported(export).text(f"conversations/{foreign.pk}.json")
    assert "foreign-canary" not in text.replace("About foreign-canary", "")
    assert agent_server_double.times_connected() > 0
