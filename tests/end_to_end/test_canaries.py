"""No secret is kept, shown or passed on where it does not belong; the search is tried in every place."""

import base64
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.api import eventually
from tests.end_to_end.canaries.conversations import converse
from tests.end_to_end.canaries.finder import Canary, Hit, search
from tests.end_to_end.canaries.inhabited_system import InhabitedSystem, new_secret
from tests.end_to_end.canaries.people import come_in
from tests.end_to_end.canaries.places import Places
from tests.end_to_end.canaries.plants import PLANTS
from tests.shown_tables import show_table

FLUSH_SECONDS = 30.0
PRIVATE = 0o600


@dataclass(frozen=True)
class ByDesign:
    """What holds secrets on purpose, and why that is right; `file` is one that only its owner reads."""

    what: str
    why: str
    file: str = ""
    secrets: str = ".*"


BY_DESIGN = (
    ByDesign("secrets/", "where generated secrets are kept; 0700"),
    ByDesign("environment of a part", "how it gets the settings that it may see, and no others"),
    ByDesign(
        "sealed columns", "ciphertext under FERNET_KEYS: keys, tools' secrets, second factors, sessions"
    ),
    ByDesign("hashed columns", "passwords, and digests of personal tokens, invitations and session keys"),
    ByDesign(
        "permits", "answers to the Agent Server, with the one key or secret of the one call (contract 3)"
    ),
    ByDesign("answers that hand a secret out", "once, to whom it belongs: tokens, codes, invitations"),
    ByDesign(
        "valkey.conf", "0600: its server reads its password there", "valkey/valkey.conf", "Valkey password"
    ),
    ByDesign("state.json", "0600: the demo login, for `make demo`", "state.json", "administrator's password"),
    ByDesign("ready.json", "0600: written on a test's request alone", "ready.json"),
)


@pytest.fixture(scope="module")
def places(server_folder: Path) -> Iterator[Places]:
    """Where to look, after the story was told and all of it is written down."""
    with InhabitedSystem.running(server_folder / "canaries") as system:
        people = come_in(system)
        traces = converse(system, people)
        with Places(system, people, traces) as places:
            _wait_until_written(system)
            yield places


def _wait_until_written(system: InhabitedSystem) -> None:
    """Wait for the Agent Server's own files, which it writes every ten seconds."""
    told = time.time()
    folder = system.folder / "agent-server" / ".langgraph_api"
    eventually(
        lambda: max((path.stat().st_mtime for path in folder.iterdir()), default=0.0),
        lambda newest: newest > told,
        within=FLUSH_SECONDS,
    )


@pytest.mark.timeout(400)
def test_no_secret_is_found_anywhere(places: Places) -> None:
    hearing = places.system.hearing
    assert set(hearing.proofs) == set(hearing.canaries)
    searched: dict[str, tuple[int, int]] = {}
    hits: list[Hit] = []
    for place, read in places.readers.items():
        pieces = list(read())
        searched[place] = len(pieces), sum(len(content) for _, content in pieces)
        hits += [
            hit for hit in search(place, pieces, hearing.canaries.values()) if not _is_by_design(places, hit)
        ]

    show_table("\n".join(_table(places, searched, hits)))
    assert hits == []
    assert [place for place, (pieces, _) in searched.items() if pieces == 0] == []


def _is_by_design(places: Places, hit: Hit) -> bool:
    if hit.place in {"API answers", "error answers"}:
        return any(hit.canary in one.gives for one in places.story if one.label == hit.where)
    return any(one.file == hit.where and re.fullmatch(one.secrets, hit.canary) for one in BY_DESIGN)


def _table(places: Places, searched: dict[str, tuple[int, int]], hits: list[Hit]) -> list[str]:
    """Lay out what was looked for and how it was seen in use, and what was searched."""
    proofs = places.system.hearing.proofs
    columns = list(searched)
    lines = [f"{'secret':<40}{'seen in use':<42}" + "".join(f"{n:>4}" for n in range(1, len(columns) + 1))]
    for name, how in sorted(proofs.items()):
        counts = [sum((hit.place, hit.canary) == (place, name) for hit in hits) for place in columns]
        lines.append(f"{name:<40}{how:<42}" + "".join(f"{count:>4}" for count in counts))
    lines.append("")
    for number, (place, (pieces, size)) in enumerate(searched.items(), start=1):
        lines.append(f"{number:>2} {place:<24}{pieces:>6} pieces {size:>10} bytes")
    lines += ["", "by design:", *(f"   {one.what:<32}{one.why}" for one in BY_DESIGN)]
    return lines


def test_files_with_secrets_are_their_owner_s_alone(places: Places) -> None:
    folder = places.system.folder
    files = [folder / one.file for one in BY_DESIGN if one.file]
    files += [path for path in (folder / "secrets").iterdir() if path.name != "agent-jwks.json"]

    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE) for path in files} == {
        path.name: oct(0) for path in files
    }
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == PRIVATE | stat.S_IXUSR


@pytest.mark.parametrize("plant", PLANTS)
def test_planted_secret_is_found(places: Places, plant: str) -> None:
    place, put = PLANTS[plant]
    planted = Canary("planted", new_secret("sk-planted"))

    put(places, planted.text)

    hits = search(place, places.readers[place](), [planted])
    assert {(hit.place, hit.canary) for hit in hits} == {(place, "planted")}


def test_every_place_is_planted_in(places: Places) -> None:
    assert {place for place, _ in PLANTS.values()} == set(places.readers)


SECRET = 'sk-Zz9+/~é"-0123456789abcdefghijklmnop'
FORMS = {
    "as it is": SECRET.encode(),
    "first half": SECRET[: len(SECRET) // 2].encode(),
    "second half": SECRET[len(SECRET) // 2 :].encode(),
    "hex": SECRET.encode().hex().encode(),
    "HEX": SECRET.encode().hex().upper().encode(),
    "URL": b"sk-Zz9%2B%2F~%C3%A9%22-0123456789abcdefghijklmnop",
    "JSON": b'sk-Zz9+/~\\u00e9\\"-0123456789abcdefghijklmnop',
    "UTF-16": SECRET.encode("utf-16-le"),
    **{f"base64 after {n} bytes": base64.b64encode(b"x" * n + SECRET.encode() + b"yz") for n in range(3)},
    **{f"for URLs after {n} bytes": base64.urlsafe_b64encode(b"x" * n + SECRET.encode()) for n in range(3)},
}


@pytest.mark.parametrize("form", FORMS)
def test_secret_is_found_in_every_form(form: str) -> None:
    content = b"before " + FORMS[form] + b" behind"

    assert [
        hit.canary for hit in search("here", [("a", b"nothing"), ("b", content)], [Canary("it", SECRET)])
    ] == ["it"]


def test_short_secret_is_not_found_by_half() -> None:
    code = Canary("code", "ABC-DEF")

    assert search("here", [("a", b"ABC"), ("b", b"-DEF")], [code]) == []
    assert len(search("here", [("a", b"ABC-DEF")], [code])) == 1
