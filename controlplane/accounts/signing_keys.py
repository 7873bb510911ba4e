"""The house's signing key and the public keys beside it: read again when their files change, and rotated."""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from controlplane.errors import Conflict, NotFound

PublicKeys = Mapping[str, EllipticCurvePublicKey]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key and the id under which its public half is published."""

    key: EllipticCurvePrivateKey
    key_id: str


def load_signing_key(path: Path) -> SigningKey:
    """Read the signing key, again only when the file was replaced. Raises ValueError for any but EC P-256."""
    return _read_signing_key(path, _stamp(path))


def verifying_keys() -> PublicKeys:
    """Return every public key whose tokens are good, by id: the signing key's own and those published."""
    signing = load_signing_key(settings.JWT_SIGNING_KEY_FILE)
    own = {signing.key_id: signing.key.public_key()}
    published = settings.AGENT_JWKS_FILE
    if published is None or not published.exists():
        return own
    return {**_read_key_set(published, _stamp(published)), **own}


def signing_key_rotate(*, signing_file: Path, published_file: Path) -> str:
    """Publish a new key, then sign with it from now on; returns its id.

    A kill in between leaves a public key that nothing is signed with. Former keys stay published until they
    are withdrawn, so their tokens live until they end.
    """
    former = load_signing_key(signing_file)
    key = generate_private_key(SECP256R1())
    entries = _entries(published_file)
    missing = [_entry(former.key)] if former.key_id not in {entry["kid"] for entry in entries} else []
    _publish(published_file, [_entry(key), *missing, *entries])
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _replace(signing_file, pem, default_mode=0o600)
    return _thumbprint(key)


def signing_key_withdraw(*, key_id: str, signing_file: Path, published_file: Path) -> None:
    """Refuse the tokens of a former key. Raises NotFound, and Conflict for the key that signs."""
    if key_id == load_signing_key(signing_file).key_id:
        raise Conflict("This key signs. Rotate first.", code="key_in_use")
    entries = _entries(published_file)
    kept = [entry for entry in entries if entry["kid"] != key_id]
    if len(kept) == len(entries):
        raise NotFound("No such key is published.")
    _publish(published_file, kept)


@lru_cache(maxsize=4)
def _read_signing_key(path: Path, stamp: tuple[int, int]) -> SigningKey:  # noqa: ARG001  # names the version
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("JWT_SIGNING_KEY_FILE must hold an EC P-256 private key")  # noqa: TRY004  # a setting is wrong
    return SigningKey(key=key, key_id=_thumbprint(key))


@lru_cache(maxsize=4)
def _read_key_set(path: Path, stamp: tuple[int, int]) -> PublicKeys:  # noqa: ARG001  # names the version
    found = {}
    for entry in _entries(path):
        key = jwt.PyJWK(entry, algorithm="ES256").key
        if isinstance(key, EllipticCurvePublicKey):
            found[str(entry["kid"])] = key
    return found


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino


def _entries(path: Path) -> list[dict[str, str]]:
    entries = json.loads(path.read_text())["keys"] if path.exists() else []
    return [entry for entry in entries if entry.get("kty") == "EC"]


def _entry(key: EllipticCurvePrivateKey) -> dict[str, str]:
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": _thumbprint(key), "alg": "ES256", "use": "sig"}


def _publish(path: Path, entries: Iterable[Mapping[str, str]]) -> None:
    _replace(path, json.dumps({"keys": list(entries)}, indent=1).encode(), default_mode=0o644)


def _replace(path: Path, content: bytes, *, default_mode: int) -> None:
    """Put a whole file in a file's place, of the same owner and mode; nobody ever reads half of it."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        draft.chmod(default_mode)
        if path.exists():
            former = path.stat()
            os.chown(draft, former.st_uid, former.st_gid)
            draft.chmod(former.st_mode & 0o777)
        draft.replace(path)


def _thumbprint(key: EllipticCurvePrivateKey) -> str:
    # RFC 7638: the required members alone, sorted, without white space.
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    members = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64url_encode(sha256(members.encode()).digest()).decode()
