"""Agent tokens carry exactly what the contract says, and verify with the published half of the key."""

import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from controlplane.accounts.agent_tokens import mint_for_service, mint_for_user
from controlplane.accounts.signing_keys import load_signing_key


def verified(token: str, settings) -> dict:
    """Verify as the Agent Server does: by a public JSON Web Key."""
    signing = load_signing_key(settings.JWT_SIGNING_KEY_FILE)
    key = jwt.PyJWK.from_json(ECAlgorithm.to_jwk(signing.key.public_key()), algorithm="ES256")
    return jwt.decode(token, key, algorithms=["ES256"], audience="langgraph", issuer="threadplane")


def test_user_token_carries_the_user_and_their_version(user, settings):
    before = timezone.now().replace(microsecond=0)
    minted = mint_for_user(user)
    claims = verified(minted.token, settings)
    assert sorted(claims) == ["aud", "exp", "iat", "iss", "jti", "role", "sub", "ver"]
    assert (claims["sub"], claims["role"], claims["ver"]) == (str(user.pk), "user", 1)
    assert claims["exp"] - claims["iat"] == 600
    assert before + timedelta(seconds=600) <= minted.expires_at <= timezone.now() + timedelta(seconds=600)
    assert minted.expires_at.timestamp() == claims["exp"]


def test_service_token_is_the_control_plane_s(settings):
    claims = verified(mint_for_service().token, settings)
    assert (claims["sub"], claims["role"], claims["ver"]) == ("controlplane", "service", 0)


def test_tokens_are_told_apart(user):
    first, second = (jwt.decode(mint_for_user(user).token, options={"verify_signature": False}) for _ in "ab")
    assert first["jti"] != second["jti"]


def test_key_id_is_the_thumbprint_of_the_public_key(user, settings):
    header = jwt.get_unverified_header(mint_for_user(user).token)
    assert header == {
        "alg": "ES256",
        "typ": "JWT",
        "kid": load_signing_key(settings.JWT_SIGNING_KEY_FILE).key_id,
    }


def test_thumbprint_follows_rfc_7638(tmp_path):
    # The P-256 key of RFC 7517, appendix A.2, and its thumbprint by the rule of RFC 7638.
    published = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    }
    key = ECAlgorithm.from_jwk(json.dumps(published))
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert load_signing_key(path).key_id == "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"


def test_key_on_another_curve_is_refused(tmp_path):
    path = tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP384R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="P-256"):
        load_signing_key(path)


def test_agent_token_does_not_open_the_rest_api(api, user):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {mint_for_user(user).token}")
    assert api.get("/api/v1/me/").status_code == 401


def test_rest_token_does_not_open_the_agent_server(api, user, settings):
    access = api._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    with pytest.raises(jwt.InvalidAudienceError):
        verified(access, settings)
