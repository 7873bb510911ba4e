"""What browsers are told with every kind of answer, and what no request may do."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as product
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from controlplane.config.asgi import application

ORIGIN = "https://evil.example"
# One of each kind of answer: by whom it is made, with the path that leads to it.
KINDS = {
    "api": ("get", "/api/v1/me/", 401),
    "api-unknown": ("get", "/api/v1/nothing/", 404),
    "api-too-large": ("post", "/api/v1/auth/token/", 413),
    "library": ("get", "/api/accounts/app/v1/auth/session", 401),
    "library-page": ("get", "/accounts/oidc/nothing/login/", 404),
    "reference": ("get", "/api/v1/docs/", 200),
    "schema": ("get", "/api/v1/schema/", 200),
    "admin": ("get", "/admin/login/", 200),
    "admin-redirect": ("get", "/admin/", 302),
    "page-unknown": ("get", "/nothing/", 404),
    "health": ("get", "/health/live/", 200),
    "internal": ("post", "/internal/runs/admit/", 403),
    "static": ("get", "/static/backoffice/figures.css", 200),
    "static-unknown": ("get", "/static/nothing.css", 404),
    "wrong-host": ("get", "/health/live/", 400),
    "throttled": ("get", "/nothing/", 429),
}


@pytest.fixture(params=KINDS)
def answer(request, db, settings):
    method, path, status = KINDS[request.param]
    options = {"SERVER_NAME": "evil.example"} if request.param == "wrong-host" else {}
    body = {}
    if request.param == "api-too-large":
        body = {"data": "x" * 1_000_001, "content_type": "application/json"}
    client = Client(raise_request_exception=False, headers={"Origin": ORIGIN})
    if request.param == "throttled":
        settings.THROTTLE_ADDRESS = "1/1000d"
        options = {"REMOTE_ADDR": "198.51.100.77"}
        client.get(path, **options)
    if request.param == "wrong-host":
        path = "/api/v1/schema/"
    given = getattr(client, method)(path, **body, **options)
    if request.param not in {"schema", "wrong-host"}:
        assert given.status_code == status
    yield given
    given.close()


def test_every_answer_says_what_browsers_may_do(answer):
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    is_page = headers.get("Content-Type", "").startswith("text/html")
    assert ("sandbox" in policy) is not is_page


def test_no_answer_lets_another_origin_read_it(answer):
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/docs/", "/nothing/", "/admin/login/"])
def test_pages_name_their_scripts_and_styles_by_a_nonce_of_their_own(db, path):
    policies = [Client().get(path).headers["Content-Security-Policy"] for _ in range(2)]
    script_sources = [policy.split("script-src")[1].split(";")[0] for policy in policies]
    assert all("'unsafe-inline'" not in sources for sources in script_sources)
    if "nonce-" in policies[0]:
        assert policies[0] != policies[1]


@pytest.fixture
def by_https(settings, monkeypatch):
    """The settings that HTTPS_ONLY makes, as a deployment has them."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-sessionid"


def test_https_is_insisted_on(db, by_https):
    plain = Client().get("/admin/login/")
    assert (plain.status_code, plain.url) == (301, "https://testserver/admin/login/")
    secure = Client().get("/admin/login/", secure=True)
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert secure.cookies["csrftoken"]["secure"]


def test_session_is_new_after_signing_in_and_its_cookie_is_kept_from_scripts(make_user, by_https, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_user("admin@example.com", password="correct horse", is_staff=True)
    browser = Client()
    browser.cookies["__Host-sessionid"] = planted = "a" * 32
    form = {"username": "admin@example.com", "password": "correct horse"}
    answer = browser.post("/admin/login/?next=/admin/", form, secure=True)
    cookie = answer.cookies["__Host-sessionid"]
    assert answer.status_code == 302
    assert cookie.value != planted
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    # What the prefix asks of a cookie.
    assert (cookie["path"], cookie["domain"]) == ("/", "")


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_leads_nowhere_else(make_user, settings, target):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_user("admin@example.com", password="correct horse", is_staff=True)
    form = {"username": "admin@example.com", "password": "correct horse", "next": target}
    answer = Client().post("/admin/login/", form)
    assert (answer.status_code, answer.url) == (302, reverse("admin:index"))


def test_session_of_a_browser_cannot_write_from_another_site(user):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(user)
    answer = browser.post("/api/v1/auth/sign-out-everywhere/", HTTP_ORIGIN=ORIGIN)
    assert answer.status_code == 403
    user.refresh_from_db()
    assert user.token_version == 1


def test_wrong_host_is_refused_and_never_repeated(db):
    answer = Client(raise_request_exception=False).get("/admin/", HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    assert "evil.example" not in str(answer.headers)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000], ids=["lists", "objects"])
@pytest.mark.parametrize("path", ["/api/v1/auth/token/", "/api/accounts/app/v1/auth/login"])
def test_endless_nesting_is_no_crash(db, path, body):
    client = Client(raise_request_exception=False, REMOTE_ADDR="198.51.100.78")
    assert client.post(path, body, content_type="application/json").status_code == 400


def test_form_has_few_files_and_fields(api, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    many = {f"field{number}": "x" for number in range(20)}
    assert api.post("/api/v1/documents/", many, format="multipart").status_code == 400
    assert product.DATA_UPLOAD_MAX_NUMBER_FILES == 5


class Caller:
    """A request whose body comes as the test wants it."""

    def __init__(self, *headers: tuple[bytes, bytes], path: str = "/api/v1/auth/token/") -> None:
        base = (b"host", b"localhost"), (b"content-type", b"application/json")
        scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [*base, *headers],
        }  # fmt: skip
        self.call = ApplicationCommunicator(application, scope)

    async def send(self, body: bytes, *, more: bool) -> None:
        await self.call.send_input({"type": "http.request", "body": body, "more_body": more})

    async def answer(self) -> tuple[int, dict, dict]:
        start = await self.call.receive_output(5)
        body = await self.call.receive_output(5)
        await self.call.wait(5)
        return start["status"], dict(start["headers"]), json.loads(body["body"])


async def test_body_that_drips_is_given_up(settings):
    settings.LONGEST_BODY_SECONDS = 0.2
    caller = Caller((b"content-length", b"100"))
    await caller.send(b"{", more=True)
    started = asyncio.get_running_loop().time()
    status, headers, said = await caller.answer()
    assert (status, said["error"]["code"], headers[b"connection"]) == (408, "too_slow", b"close")
    assert asyncio.get_running_loop().time() - started < 3


async def test_announced_body_beyond_all_bounds_is_not_read(settings):
    caller = Caller((b"content-length", str(settings.LARGEST_BODY + 1).encode()))
    status, _, said = await caller.answer()
    assert (status, said["error"]["code"]) == (413, "too_large")


async def test_unannounced_body_is_read_up_to_the_bound(settings):
    settings.LARGEST_BODY = 1_000
    caller = Caller((b"transfer-encoding", b"chunked"))
    for _ in range(3):
        await caller.send(b"x" * 500, more=True)
    status, headers, _ = await caller.answer()
    assert (status, headers[b"x-content-type-options"]) == (413, b"nosniff")


async def test_body_in_time_is_passed_on(settings):
    caller = Caller((b"content-length", b"100"), path="/api/v1/nothing/")
    await caller.send(b"x" * 50, more=True)
    await caller.send(b"x" * 50, more=False)
    status, _, said = await caller.answer()
    assert (status, said["error"]["code"]) == (404, "not_found")
