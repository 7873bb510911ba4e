"""Keys rotate without signing anybody out, and a withdrawn key's tokens are refused."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS
from rest_framework.test import APIClient

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.signing_keys import load_signing_key

ME, REFRESH = "/api/v1/me/", "/api/v1/auth/token/refresh/"


@pytest.fixture
def key_files(settings, tmp_path):
    """Copies of the house's keys that a test may change; the key set is empty at first."""
    signing, published = tmp_path / "signing.pem", tmp_path / "keys.json"
    signing.write_bytes(settings.JWT_SIGNING_KEY_FILE.read_bytes())
    signing.chmod(0o600)
    settings.JWT_SIGNING_KEY_FILE, settings.AGENT_JWKS_FILE = signing, published
    return signing, published


def keys_of(published) -> list[str]:
    return [entry["kid"] for entry in json.loads(published.read_text())["keys"]]


def me(access: str) -> int:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client.get(ME).status_code


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def test_tokens_of_before_live_until_their_key_is_withdrawn(user, key_files, capsys):
    signing, published = key_files
    old_key = load_signing_key(signing).key_id
    old = issue_refresh_token(user)
    old_access, old_refresh = str(old.access_token), str(old)

    call_command("signing_keys", "--rotate")

    new_key = load_signing_key(signing).key_id
    assert new_key != old_key
    assert keys_of(published) == [new_key, old_key]
    assert capsys.readouterr().out.splitlines() == [f"{new_key} signs", f"{old_key} former"]
    assert (kid(old_access), me(old_access)) == (old_key, 200)
    answer = APIClient(raise_request_exception=False).post(REFRESH, {"refresh": old_refresh})
    renewed = answer.json()
    assert [kid(token) for token in renewed.values()] == [new_key, new_key]
    assert kid(mint_for_user(user).token) == new_key

    call_command("signing_keys", f"--withdraw={old_key}")

    assert keys_of(published) == [new_key]
    assert me(old_access) == 401
    assert APIClient().post(REFRESH, {"refresh": old_refresh}).status_code == 401
    # A token that is refused for its key cannot give a sign-in away.
    assert me(renewed["access"]) == 200


def test_keys_keep_their_modes_and_hold_nothing_private(key_files):
    signing, published = key_files
    call_command("signing_keys", "--rotate")
    published.chmod(0o640)
    call_command("signing_keys", "--rotate")
    assert (signing.stat().st_mode & 0o777, published.stat().st_mode & 0o777) == (0o600, 0o640)
    assert len(keys_of(published)) == 3
    assert not any("d" in entry for entry in json.loads(published.read_text())["keys"])
    assert sorted(path.name for path in signing.parent.iterdir()) == ["keys.json", "signing.pem"]


def test_the_key_that_signs_is_not_withdrawn(key_files):
    signing, published = key_files
    call_command("signing_keys", "--rotate")
    before = published.read_text()
    for key_id, complaint in ((load_signing_key(signing).key_id, "Rotate first"), ("nobody", "No such key")):
        with pytest.raises(CommandError, match=complaint):
            call_command("signing_keys", f"--withdraw={key_id}")
    assert published.read_text() == before


def test_without_a_key_set_there_is_nowhere_to_publish(key_files, settings, capsys):
    signing, _ = key_files
    settings.AGENT_JWKS_FILE = None
    before = signing.read_bytes()
    with pytest.raises(CommandError, match="AGENT_JWKS_FILE"):
        call_command("signing_keys", "--rotate")
    assert signing.read_bytes() == before
    call_command("signing_keys")
    assert capsys.readouterr().out == f"{load_signing_key(signing).key_id} signs\n"


def test_set_that_cannot_be_written_changes_no_key(key_files, settings, tmp_path):
    signing, _ = key_files
    settings.AGENT_JWKS_FILE = tmp_path / "missing" / "keys.json"
    before = signing.read_bytes()
    with pytest.raises(CommandError, match="No such file"):
        call_command("signing_keys", "--rotate")
    assert signing.read_bytes() == before


@pytest.mark.parametrize("case", ["none", "public key as secret", "another key", "no kid", "unknown kid"])
def test_forged_rest_token_is_refused(user, key_files, case):
    signing, _ = key_files
    genuine = str(issue_refresh_token(user).access_token)
    claims = jwt.decode(genuine, options={"verify_signature": False})
    key = load_signing_key(signing)
    header = {"kid": key.key_id}
    assert me(jwt.encode(claims, key.key, algorithm="ES256", headers=header)) == 200

    public = key.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if case == "none":
        forged = jwt.encode(claims, None, algorithm="none", headers=header)
    elif case == "public key as secret":
        forged = hs256(claims, public, header)
    elif case == "another key":
        call_command("signing_keys", "--rotate")
        forged = jwt.encode(claims, load_signing_key(signing).key, algorithm="ES256", headers=header)
    else:
        named = {} if case == "no kid" else {"kid": "elsewhere"}
        forged = jwt.encode(claims, key.key, algorithm="ES256", headers=named)

    assert me(forged) == 401


@pytest.mark.parametrize("claim", ["aud", "iss", "ver", "sid", "sub", "token_type"])
def test_tampered_claim_is_refused(user, stranger, key_files, claim):
    signing, _ = key_files
    claims = jwt.decode(
        str(issue_refresh_token(user).access_token), options={"verify_signature": False}, algorithms=["ES256"]
    )
    other = str(issue_refresh_token(stranger)["sid"])
    wrong = {
        "aud": "langgraph",
        "iss": "somebody",
        "ver": 0,
        "sid": other,
        "sub": str(stranger.pk),
        "token_type": "refresh",
    }
    key = load_signing_key(signing)
    changed = {**claims, claim: wrong[claim]}
    assert me(jwt.encode(changed, key.key, algorithm="ES256", headers={"kid": key.key_id})) == 401


def hs256(claims: dict, secret: bytes, header: dict) -> str:
    """Sign as the library refuses to: with a public key for a shared secret."""

    class Careless(HMACAlgorithm):
        def prepare_key(self, key):
            return key

    signer = PyJWS()
    signer.unregister_algorithm("HS256")
    signer.register_algorithm("HS256", Careless(HMACAlgorithm.SHA256))
    return signer.encode(json.dumps(claims).encode(), secret, algorithm="HS256", headers=header)
