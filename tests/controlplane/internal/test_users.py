"""The Agent Server asks whether a user's tokens still count."""

import uuid


def test_unknown_user_has_no_state(db, settings, client):
    answer = client.get(
        f"/internal/users/{uuid.uuid4()}/", headers={"X-Threadplane-Secret": settings.CONTROL_PLANE_SECRET}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "user_not_found")


def test_state_of_a_user_is_told_to_the_agent_server(make_user, settings, client):
    user = make_user("sleeper@example.com", is_active=False, token_version=4)
    answer = client.get(
        f"/internal/users/{user.pk}/", headers={"X-Threadplane-Secret": settings.CONTROL_PLANE_SECRET}
    )
    assert answer.json() == {"user_id": str(user.pk), "is_active": False, "token_version": 4}
