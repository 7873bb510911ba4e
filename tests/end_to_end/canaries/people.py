"""How people come in: invited, signed up, with a second factor, by single sign-on, and turned away."""

import base64
import hmac
import struct
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt

from controlplane.accounts.agent_tokens import load_signing_key
from tests.end_to_end.canaries.hearing import signature
from tests.end_to_end.canaries.inhabited_system import ADMIN, InhabitedSystem, new_secret

APP = "/api/accounts/app/v1/"
BROWSER = "/api/accounts/browser/v1/"
CALLBACK = "/accounts/oidc/oidc/login/callback/"
MEMBER = "member@example.com"
CODE = r"^([A-Z0-9]{3,}(?:-[A-Z0-9]+)*)\r?$"


@dataclass(frozen=True)
class People:
    """Everybody's client: REST as the member and as the administrator, the Agent Server as the member."""

    member: httpx.Client
    administrator: httpx.Client
    office: httpx.Client
    agent: httpx.Client
    member_id: str


def come_in(system: InhabitedSystem) -> People:
    """Let everybody in by every door, with every secret used at least once."""
    administrator, office = _administrator(system)
    invitation = _invite(system, administrator)
    app, password = _sign_up(system, invitation)
    password = _reset_password(system, password)
    codes = _second_factor(system, app, password)
    member, agent = _tokens(system, password, codes)
    _single_sign_on(system)
    _be_turned_away(system, password)
    return People(member, administrator, office, agent, ok(member.get("/api/v1/me/"))["id"])


def ok(response: httpx.Response, *statuses: int) -> Any:
    """Give the JSON body of an answer that has one of these statuses, 200 or 201 unless it is said."""
    wanted = statuses or (200, 201)
    assert response.status_code in wanted, f"{response.request.url}: {response.status_code} {response.text}"
    return response.json() if response.headers.get("content-type", "").startswith("application/") else None


def _administrator(system: InhabitedSystem) -> tuple[httpx.Client, httpx.Client]:
    system.query(
        "UPDATE accounts_customuser SET is_staff = true, is_superuser = true WHERE email = %s", (ADMIN,)
    )
    password = system.hearing.canaries["administrator's password"].text
    rest = system.hearing.client(system.url)
    tokens = ok(rest.post("/api/v1/auth/token/", json={"email": ADMIN, "password": password}))
    _learn_token(system, "administrator's access token", tokens["access"])
    _learn_token(system, "administrator's refresh token", tokens["refresh"])
    rest.headers["Authorization"] = f"Bearer {tokens['access']}"
    system.hearing.prove("administrator's password", "signed in with it")

    office = system.hearing.client(system.url, follow_redirects=True)
    office.get("/admin/login/")
    form = {"username": ADMIN, "password": password, "csrfmiddlewaretoken": office.cookies["csrftoken"]}
    answer = office.post("/admin/login/?next=/admin/", data=form, headers={"Referer": f"{system.url}/admin/"})
    ok(answer)
    system.hearing.learn("back office's session", office.cookies["sessionid"])
    for one in system.hearing.answers[-2:]:
        one.gives.add("back office's session")
    is_let_in = "/admin/logout/" in office.get("/admin/").text
    system.hearing.prove("back office's session", "opens the back office", holds=is_let_in)
    refreshed = ok(rest.post("/api/v1/auth/token/refresh/", json={"refresh": tokens["refresh"]}))
    system.hearing.prove("administrator's refresh token", "gave new tokens")
    for kind in ("access", "refresh"):
        _learn_token(system, f"{kind} token of a refresh", refreshed[kind])
    ok(rest.get("/api/v1/me/"))
    system.hearing.prove("administrator's access token", "answered by REST")
    ok(rest.get("/api/v1/me/", headers={"Authorization": f"Bearer {refreshed['access']}"}))
    system.hearing.prove("access token of a refresh", "answered by REST")
    ok(rest.post("/api/v1/auth/token/refresh/", json={"refresh": refreshed["refresh"]}))
    system.hearing.prove("refresh token of a refresh", "gave new tokens")
    return rest, office


def _learn_token(system: InhabitedSystem, name: str, token: str) -> None:
    system.hearing.learn(name, signature(token), given=True)


def _invite(system: InhabitedSystem, administrator: httpx.Client) -> str:
    made = ok(administrator.post("/api/v1/invitations/", json={"email": MEMBER}))
    token = system.hearing.learn("invitation", made["token"], given=True)
    assert token in system.letterbox.letters[-1]
    password = system.hearing.canaries["EMAIL_PASSWORD"].text
    system.hearing.prove(
        "EMAIL_PASSWORD", "sent to the mail server", holds=password in system.letterbox.passwords
    )
    return token


def _sign_up(system: InhabitedSystem, invitation: str) -> tuple[httpx.Client, str]:
    hearing, app = system.hearing, system.hearing.client(system.url)
    password = hearing.learn("member's first password", new_secret("pw"))
    body = {"email": MEMBER, "password": password, "invitation": invitation}
    pending = ok(app.post(f"{APP}auth/signup", json=body), 401)
    hearing.prove("invitation", "made an account")
    app.headers["X-Session-Token"] = hearing.learn(
        "session token of the sign-up", pending["meta"]["session_token"], given=True
    )
    code = hearing.learn("code that confirms an address", system.letterbox.last(CODE))
    done = ok(app.post(f"{APP}auth/email/verify", json={"key": code}))
    hearing.prove("code that confirms an address", "confirmed it")
    hearing.prove("session token of the sign-up", "let the code be sent")
    app.headers["X-Session-Token"] = hearing.learn(
        "session token of the member", done["meta"]["session_token"], given=True
    )
    ok(app.get(f"{APP}auth/session"))
    hearing.answers[-1].gives.add("session token of the member")
    hearing.prove("session token of the member", "answered by the headless API")
    ok(app.post("/api/v1/auth/token/", json={"email": MEMBER, "password": password}))
    hearing.prove("member's first password", "signed in with it")
    return app, password


def _reset_password(system: InhabitedSystem, old: str) -> str:
    hearing, app = system.hearing, system.hearing.client(system.url)
    asked = app.post(f"{APP}auth/password/request", json={"email": MEMBER})
    app.headers["X-Session-Token"] = hearing.learn(
        "session token of the reset", ok(asked, 401)["meta"]["session_token"], given=True
    )
    code = hearing.learn("code that resets a password", system.letterbox.last(CODE))
    ok(app.get(f"{APP}auth/password/reset", headers={"X-Password-Reset-Key": code}))
    hearing.prove("session token of the reset", "let the code be sent")
    password = hearing.learn("member's password", new_secret("pw"))
    ok(app.post(f"{APP}auth/password/reset", json={"key": code, "password": password}), 200, 401)
    hearing.prove("code that resets a password", "reset it")
    ok(app.post("/api/v1/auth/token/", json={"email": MEMBER, "password": old}), 401)
    return password


def _second_factor(system: InhabitedSystem, app: httpx.Client, password: str) -> list[str]:
    hearing = system.hearing
    signed = ok(
        app.post(
            f"{APP}auth/login", json={"email": MEMBER, "password": password}, headers={"X-Session-Token": ""}
        )
    )
    hearing.prove("member's password", "signed in with it")
    token = hearing.learn("session token of the second factor", signed["meta"]["session_token"], given=True)
    app.headers["X-Session-Token"] = token
    ok(app.post(f"{APP}auth/reauthenticate", json={"password": password}))
    hearing.answers[-1].gives.add("session token of the second factor")
    hearing.prove("session token of the second factor", "let the password be repeated")
    offered = ok(app.get(f"{APP}account/authenticators/totp"), 404)["meta"]
    secret = hearing.learn("one-time-code secret", offered["secret"], given=True)
    ok(app.post(f"{APP}account/authenticators/totp", json={"code": _one_time_code(secret)}))
    hearing.prove("one-time-code secret", "its code set up the second factor")
    hearing.learn("one-time-code secret, as bytes", base64.b32decode(secret).hex())
    hearing.prove("one-time-code secret, as bytes", "the same")
    codes: list[str] = ok(app.get(f"{APP}account/authenticators/recovery-codes"))["data"]["unused_codes"]
    # One alone, of eight digits, may be met by chance.
    for number, (first, second) in enumerate(pairwise(codes[:3]), start=1):
        hearing.learn(f"recovery codes {number}", f'{first}", "{second}', given=True)
    return codes


def _one_time_code(secret: str) -> str:
    """Give the code of now, by RFC 6238."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def _tokens(system: InhabitedSystem, password: str, codes: list[str]) -> tuple[httpx.Client, httpx.Client]:
    hearing, member = system.hearing, system.hearing.client(system.url)
    body = {"email": MEMBER, "password": password}
    ok(member.post("/api/v1/auth/token/", json=body), 401)
    tokens = ok(member.post("/api/v1/auth/token/", json={**body, "code": codes[0]}))
    _learn_token(system, "access token", tokens["access"])
    _learn_token(system, "refresh token", tokens["refresh"])
    ok(member.post("/api/v1/auth/token/refresh/", json={"refresh": tokens["refresh"]}))
    hearing.prove("refresh token", "gave new tokens")
    for name in [name for name in hearing.canaries if name.startswith("recovery codes")]:
        hearing.prove(name, "one of them signed in")
    member.headers["Authorization"] = f"Bearer {tokens['access']}"
    _check_signature(system, tokens["access"])
    access = ok(member.post("/api/v1/auth/agent-token/"))
    _learn_token(system, "agent token", access["token"])
    agent = hearing.client(access["agent_url"], headers={"Authorization": f"Bearer {access['token']}"})
    ok(agent.post("/threads/search", json={}))
    hearing.prove("agent token", "answered by the Agent Server")
    made = ok(
        member.post("/api/v1/auth/personal-access-tokens/", json={"name": "Mine", "scopes": ["read"]}),
    )
    personal = hearing.learn("personal access token", made["secret"], given=True)
    ok(hearing.client(system.url).get("/api/v1/me/", headers={"Authorization": f"Bearer {personal}"}))
    hearing.prove("personal access token", "answered by REST")
    return member, agent


def _check_signature(system: InhabitedSystem, token: str) -> None:
    hearing = system.hearing
    hearing.prove("access token", "answered by REST")
    key = load_signing_key(Path(system.stack.environment["JWT_SIGNING_KEY_FILE"])).key.public_key()
    read = jwt.decode(token, key, algorithms=["ES256"], options={"verify_aud": False})
    for name in [name for name in hearing.canaries if name.startswith("signing key")]:
        hearing.prove(name, "its public half reads the tokens", holds=read["exp"])


def _single_sign_on(system: InhabitedSystem) -> None:
    page = system.hearing.client(system.url)
    page.get(f"{BROWSER}config")
    page.get("/admin/login/")
    form = {"provider": "oidc", "callback_url": "/", "process": "login"}
    form["csrfmiddlewaretoken"] = page.cookies["csrftoken"]
    there = page.post(f"{BROWSER}auth/provider/redirect", data=form)
    assert there.status_code == httpx.codes.FOUND, there.text
    state = parse_qs(urlsplit(there.headers["location"]).query)["state"][0]
    page.get(CALLBACK, params={"code": "one", "state": state})
    text = system.hearing.canaries["OIDC_CLIENT_SECRET"].text
    sent = b"".join(system.identity_provider.posted).decode()
    encoded = base64.b64encode(f"threadplane:{text}".encode()).decode()
    system.hearing.prove(
        "OIDC_CLIENT_SECRET", "sent to the identity provider", holds=text in sent or encoded in sent
    )


def _be_turned_away(system: InhabitedSystem, password: str) -> None:
    """Sign in with what is nearly right, and with secrets in the wrong fields."""
    stranger = system.hearing.client(system.url)
    access = system.hearing.canaries["access token"].text
    for body in (
        {"email": MEMBER, "password": f"{password}x"},
        {"email": password, "password": MEMBER},
        {"email": f"{password}@example.com", "password": "x"},
        {"email": MEMBER, "password": password, "code": "000000"},
        {"email": MEMBER, "password": [password]},
    ):
        ok(stranger.post("/api/v1/auth/token/", json=body), 401, 422, 429)
    ok(stranger.post(f"{APP}auth/login", json={"email": MEMBER, "password": f"{password}x"}), 400)
    for token in (f"x.y.{access}", f"tp_{access}", access):
        ok(stranger.get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"}), 401)
    ok(stranger.post("/api/v1/auth/token/refresh/", json={"refresh": f"x.y.{access}"}), 401)
    page = system.hearing.client(system.url)
    page.get("/admin/login/")
    form = {"username": ADMIN, "password": password, "csrfmiddlewaretoken": page.cookies["csrftoken"]}
    page.post("/admin/login/", data=form)
    page.post("/admin/login/", data={"username": password, "password": password})


def ask_for_codes(system: InhabitedSystem) -> None:
    """Leave codes that were sent and not used yet: they wait where they are kept."""
    hearing, app = system.hearing, system.hearing.client(system.url)
    asked = ok(app.post(f"{APP}auth/password/request", json={"email": MEMBER}), 401)
    app.headers["X-Session-Token"] = hearing.learn(
        "session token that waits", asked["meta"]["session_token"], given=True
    )
    code = hearing.learn("code that waits", system.letterbox.last(CODE))
    ok(app.get(f"{APP}auth/password/reset", headers={"X-Password-Reset-Key": code}))
    hearing.prove("code that waits", "known to the headless API")
    hearing.prove("session token that waits", "let the code be sent")
