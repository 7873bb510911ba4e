"""Who is let in, and when the control plane is asked."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from graphs.access.denial import Denial
from graphs.access.identity import identify
from graphs.errors import ControlPlaneUnreachable
from tests.graphs.agent_tokens import Signer
from tests.graphs.conftest import Configure
from tests.graphs.control_plane_double import ControlPlaneDouble
from tests.ports import free_ports


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_user_is_identified_by_id_and_role(behind_control_plane: ControlPlaneDouble, signer: Signer):
    user_id = behind_control_plane.add_user()

    assert await identify(bearer(signer.user_token(user_id))) == {
        "identity": str(user_id),
        "permissions": ["user", "token-version:1"],
        "is_authenticated": True,
    }


async def test_the_service_needs_no_account(behind_control_plane: ControlPlaneDouble, signer: Signer):
    asked = len(behind_control_plane.user_questions)

    identified = await identify(bearer(signer.service_token()))

    assert identified["permissions"] == ["service"]
    assert len(behind_control_plane.user_questions) == asked


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer "}])
async def test_no_token_is_401(behind_control_plane: ControlPlaneDouble, headers: dict[str, str]):
    with pytest.raises(Denial) as denied:
        await identify(headers)

    assert denied.value.status_code == 401
    assert json.loads(denied.value.detail)["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("is_active", "token_version"),
    [pytest.param(False, 1, id="switched off"), pytest.param(True, 2, id="signed out everywhere")],
)
async def test_a_revoked_account_is_401(
    behind_control_plane: ControlPlaneDouble, signer: Signer, is_active: bool, token_version: int
):
    user_id = behind_control_plane.add_user(is_active=is_active, token_version=token_version)

    with pytest.raises(Denial) as denied:
        await identify(bearer(signer.user_token(user_id)))

    assert denied.value.status_code == 401


async def test_an_unknown_account_is_401(behind_control_plane: ControlPlaneDouble, signer: Signer):
    with pytest.raises(Denial) as denied:
        await identify(bearer(signer.user_token(uuid4())))

    assert denied.value.status_code == 401


async def test_a_crowd_of_requests_asks_once(behind_control_plane: ControlPlaneDouble, signer: Signer):
    user_id: UUID = behind_control_plane.add_user()
    token = signer.user_token(user_id)

    await asyncio.gather(*(identify(bearer(token)) for _ in range(20)))

    assert behind_control_plane.user_questions.count(str(user_id)) == 1


async def test_a_state_is_asked_again_when_it_is_old(
    behind_control_plane: ControlPlaneDouble, signer: Signer, monkeypatch: pytest.MonkeyPatch
):
    user_id = behind_control_plane.add_user()
    token = signer.user_token(user_id)
    await identify(bearer(token))
    behind_control_plane.users[str(user_id)]["token_version"] = 2
    await identify(bearer(token))

    monkeypatch.setattr("graphs.access.user_states.FRESH_SECONDS", 0.0)

    with pytest.raises(Denial):
        await identify(bearer(token))


async def test_a_silent_control_plane_vouches_for_nobody(configure: Configure, signer: Signer, key_file):
    configure(
        CONTROL_PLANE_URL=f"http://127.0.0.1:{free_ports(1)[0]}",
        CONTROL_PLANE_SECRET="x",
        AGENT_JWKS_FILE=str(key_file),
    )

    with pytest.raises(ControlPlaneUnreachable):
        await identify(bearer(signer.user_token(uuid4())))


async def test_a_wrong_secret_vouches_for_nobody(
    configure: Configure, control_plane: ControlPlaneDouble, signer: Signer, key_file
):
    configure(
        CONTROL_PLANE_URL=control_plane.url, CONTROL_PLANE_SECRET="wrong", AGENT_JWKS_FILE=str(key_file)
    )

    with pytest.raises(ControlPlaneUnreachable):
        await identify(bearer(signer.user_token(control_plane.add_user())))


@pytest.mark.parametrize("host", ["localhost:8123", "127.0.0.1:8123", "[::1]:8123", "localhost"])
async def test_standalone_lets_this_machine_in(configure: Configure, host: str):
    configure()

    assert (await identify({"host": host}))["permissions"] == ["standalone"]


@pytest.mark.parametrize("host", ["", "evil.example:8123", "192.168.1.7:8123", "localhost.evil.example"])
async def test_standalone_refuses_other_names(configure: Configure, host: str):
    configure()

    with pytest.raises(Denial) as denied:
        await identify({"host": host})

    assert denied.value.status_code == 401
