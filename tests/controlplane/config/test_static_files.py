"""Static files of installed packages are served by both kinds of server, whole and with their type."""

import pytest
from django.contrib.staticfiles import finders
from django.test import AsyncClient, Client

STYLES = "unfold/css/styles.css"


def expected() -> bytes:
    with open(finders.find(STYLES), "rb") as file:  # noqa: PTH123  # finders give text
        return file.read()


def test_file_is_served_to_a_synchronous_server():
    response = Client().get(f"/static/{STYLES}")

    assert b"".join(response.streaming_content) == expected()
    assert response.headers["Content-Type"].startswith("text/css")


async def test_file_is_served_to_an_asynchronous_server():
    response = await AsyncClient().get(f"/static/{STYLES}")

    assert (response.status_code, response.content) == (200, expected())
    assert response.headers["Content-Type"].startswith("text/css")
    assert response.headers["Content-Length"] == str(len(expected()))


async def test_unchanged_file_is_not_sent_again():
    first = await AsyncClient().get(f"/static/{STYLES}")
    again = await AsyncClient().get(
        f"/static/{STYLES}", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/static/nothing.css", "/static/../manage.py"])
async def test_nothing_else_is_served(path):
    assert (await AsyncClient().get(path)).status_code == 404
