"""Whatever charset a sender names, the request is read as UTF-8 and answered in the API's own shape."""

import json

import pytest
from asgiref.testing import ApplicationCommunicator

from controlplane.config.asgi import application
from controlplane.config.requests import Utf8Request

MANY = "&".join(["search=x"] * 1_100)


async def answer(charset: str, query: str) -> tuple[int, dict]:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/nothing/",
        "query_string": query.encode(),
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", f"application/json; charset={charset}".encode()),
        ],
    }
    call = ApplicationCommunicator(application, scope)
    await call.send_input({"type": "http.request", "body": b""})
    start = await call.receive_output(5)
    body = await call.receive_output(5)
    await call.wait(5)
    return start["status"], json.loads(body["body"])


@pytest.mark.parametrize("query", ["search=caf%C3%A9", MANY], ids=["short", "many-parameters"])
@pytest.mark.parametrize("charset", ["base64", "utf-16", "utf-8", "nonsense"])
async def test_named_charset_changes_nothing(charset, query):
    status, body = await answer(charset, query)

    assert (status, body["error"]["code"]) == (404, "not_found")


async def test_query_is_utf_8():
    request = Utf8Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"q=caf%C3%A9",
            "headers": [(b"content-type", b"text/plain; charset=latin-1")],
        },
        None,
    )

    assert (request.GET["q"], request.content_type, request.encoding) == ("café", "text/plain", None)
