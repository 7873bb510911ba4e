"""Asking a provider over TLS, and one that does not answer in time."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from controlplane.outbound.addresses import look_up
from controlplane.provider_keys import validation
from controlplane.provider_keys.validation import ask_provider
from tests.controlplane.provider_keys.provider_server import GOOD_KEY, Provider, provider_listening


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def secure(tmp_path, settings, monkeypatch) -> Iterator[Provider]:
    """A provider behind TLS whose certificate is for `provider.test`, a name that leads to loopback."""
    path = certificate(tmp_path, "provider.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    async def look_up_test_names(host: str, port: int):
        return await look_up("127.0.0.1" if host.endswith(".test") else host, port)

    monkeypatch.setattr(validation, "look_up", look_up_test_names)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    settings.PROVIDER_PRIVATE_ADDRESSES = ["127.0.0.0/8"]
    with provider_listening(tls=context) as listening:
        yield listening


def test_certificate_is_checked_for_the_host_s_name(secure):
    named = secure.base_url.replace("http://127.0.0.1", "https://provider.test")

    assert ask_provider(named, GOOD_KEY).is_valid
    assert [asked[0] for asked in secure.asked] == ["/v1/models"]


@pytest.mark.parametrize("host", ["127.0.0.1", "another.test"])
def test_certificate_for_another_name_is_refused_before_the_key_is_sent(secure, host):
    other = secure.base_url.replace("http://127.0.0.1", f"https://{host}")

    assert ask_provider(other, GOOD_KEY).error_code == "unreachable"
    assert secure.asked == []


def test_provider_that_does_not_answer_is_given_up(provider, monkeypatch):
    monkeypatch.setattr(validation, "LONGEST_ASKING", 0.2)
    provider.release = threading.Event()

    finding = ask_provider(provider.base_url, GOOD_KEY)
    provider.release.set()

    assert (finding.error_code, finding.is_conclusive) == ("timed_out", False)
