"""Secrets: made once, private, and the same for everybody who looks at the same time."""

import base64
import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import jwt
import pytest
from cryptography.fernet import Fernet

from controlplane.embedded.credentials import Credentials
from controlplane.embedded.errors import StackError


def test_files_are_private(tmp_path: Path) -> None:
    Credentials.load(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 10
    assert set(modes.values()) == {0o600}


def test_second_load_gives_the_same(tmp_path: Path) -> None:
    assert Credentials.load(tmp_path) == Credentials.load(tmp_path)


def test_secrets_do_not_show_in_print(tmp_path: Path) -> None:
    credentials = Credentials.load(tmp_path)
    assert credentials.database_password not in repr(credentials)
    assert credentials.fernet_key not in repr(credentials)


def test_eight_at_once_agree(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def load(_: int) -> Credentials:
        barrier.wait()
        return Credentials.load(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(load, range(8)))
    assert all(credentials == loaded[0] for credentials in loaded)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("tmp", "."))) == []


def test_token_signed_with_the_key_is_verified_with_the_key_set(tmp_path: Path) -> None:
    credentials = Credentials.load(tmp_path)
    token = jwt.encode({"sub": "x"}, credentials.jwt_signing_key_file.read_text(), algorithm="ES256")
    (key,) = jwt.PyJWKSet.from_json(credentials.jwks_file.read_text()).keys
    assert jwt.decode(token, key, algorithms=["ES256"]) == {"sub": "x"}


def test_key_set_is_public_and_names_the_key_by_its_thumbprint(tmp_path: Path) -> None:
    (key,) = json.loads(Credentials.load(tmp_path).jwks_file.read_text())["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x", "y"]
    assert (key["alg"], key["use"]) == ("ES256", "sig")
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{key["x"]}","y":"{key["y"]}"}}'
    digest = hashlib.sha256(canonical.encode()).digest()
    assert key["kid"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_key_that_was_replaced_stays_in_the_set(tmp_path: Path) -> None:
    credentials = Credentials.load(tmp_path)
    (old,) = json.loads(credentials.jwks_file.read_text())["keys"]
    credentials.jwt_signing_key_file.unlink()
    Credentials.load(tmp_path)
    newest, kept = json.loads(credentials.jwks_file.read_text())["keys"]
    assert kept == old
    assert newest["kid"] != old["kid"]


def test_fernet_key_encrypts(tmp_path: Path) -> None:
    fernet = Fernet(Credentials.load(tmp_path).fernet_key)
    assert fernet.decrypt(fernet.encrypt(b"x")) == b"x"


def test_emptied_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fernet-key").touch()
    with pytest.raises(StackError, match="fernet-key is empty"):
        Credentials.load(tmp_path)
