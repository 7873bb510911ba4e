"""Only tokens of the published keys with all their claims are good."""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from graphs.access.callers import Role
from graphs.access.tokens import AgentToken, BadToken, PublicKeys, verify_token
from tests.graphs.agent_tokens import Signer, claims, write_keys

USER = uuid4()


@pytest.fixture
def keys(key_file: Path) -> PublicKeys:
    return PublicKeys(key_file)


async def test_a_good_user_token_is_read(keys: PublicKeys, signer: Signer):
    token = await verify_token(signer.user_token(USER, ver=7), keys)

    assert token == AgentToken(subject=str(USER), role=Role.USER, version=7)


async def test_a_good_service_token_is_read(keys: PublicKeys, signer: Signer):
    token = await verify_token(signer.service_token(), keys)

    assert token == AgentToken(subject="controlplane", role=Role.SERVICE, version=0)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(time.time()) - 60}, id="expired"),
        pytest.param({"iat": int(time.time()) + 86_400}, id="from the future"),
        pytest.param({"aud": "elsewhere"}, id="another audience"),
        pytest.param({"iss": "somebody"}, id="another issuer"),
        pytest.param({"role": "admin"}, id="unknown role"),
        pytest.param({"role": "service"}, id="a user who says it is the service"),
        pytest.param({"sub": "controlplane"}, id="a user without an id"),
        pytest.param({"sub": str(USER).upper()}, id="an id in another spelling"),
        pytest.param({"ver": "1"}, id="version as text"),
        pytest.param({"ver": True}, id="version as truth"),
    ],
)
async def test_a_wrong_claim_is_refused(keys: PublicKeys, signer: Signer, changes: dict[str, Any]):
    with pytest.raises(BadToken):
        await verify_token(signer.user_token(USER, **changes), keys)


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "iat", "exp", "jti", "role", "ver"])
async def test_a_missing_claim_is_refused(keys: PublicKeys, signer: Signer, missing: str):
    given = claims(sub=str(USER), role="user", ver=1)
    del given[missing]

    with pytest.raises(BadToken):
        await verify_token(signer.sign(given), keys)


async def test_an_unknown_key_is_refused(keys: PublicKeys):
    with pytest.raises(BadToken, match="unknown key"):
        await verify_token(Signer("stranger").user_token(USER), keys)


async def test_another_key_under_a_known_id_is_refused(keys: PublicKeys, signer: Signer):
    with pytest.raises(BadToken):
        await verify_token(Signer(signer.key_id).user_token(USER), keys)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_another_algorithm_is_refused(keys: PublicKeys, signer: Signer, algorithm: str):
    secret = None if algorithm == "none" else signer.public["x"] + signer.public["y"]
    forged = jwt.encode(
        claims(sub=str(USER), role="user", ver=1),
        secret,
        algorithm=algorithm,
        headers={"kid": signer.key_id},
    )

    with pytest.raises(BadToken):
        await verify_token(forged, keys)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é" * 10])
async def test_what_is_no_token_is_refused(keys: PublicKeys, text: str):
    with pytest.raises(BadToken):
        await verify_token(text, keys)


async def test_a_new_key_is_found_without_restart(tmp_path: Path, signer: Signer):
    path, successor = tmp_path / "keys.json", Signer("second-key")
    write_keys(path, signer)
    keys = PublicKeys(path)
    await verify_token(signer.user_token(USER), keys)

    write_keys(path, signer, successor)

    assert (await verify_token(successor.user_token(USER), keys)).subject == str(USER)


async def test_a_withdrawn_key_stops_working(tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graphs.access.tokens.KEY_CHECK_SECONDS", 0.0)
    path = tmp_path / "keys.json"
    write_keys(path, signer)
    keys = PublicKeys(path)
    await verify_token(signer.user_token(USER), keys)

    write_keys(path, Signer("second-key"))

    with pytest.raises(BadToken, match="unknown key"):
        await verify_token(signer.user_token(USER), keys)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{"kty": "EC"}]}'])
async def test_a_broken_key_file_keeps_the_last_good_keys(tmp_path: Path, signer: Signer, content: str):
    path = tmp_path / "keys.json"
    write_keys(path, signer)
    keys = PublicKeys(path)
    await keys.find(signer.key_id)

    path.write_text(content)
    os.utime(path, ns=(1, 1))

    assert await keys.find("unknown") is None
    assert (await verify_token(signer.user_token(USER), keys)).subject == str(USER)


async def test_a_missing_key_file_refuses_everybody(tmp_path: Path, signer: Signer):
    with pytest.raises(BadToken):
        await verify_token(signer.user_token(USER), PublicKeys(tmp_path / "none.json"))
