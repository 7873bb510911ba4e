"""Static files of installed packages are served without a build step."""

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

STYLES = "unfold/css/styles.css"


def test_file_is_served_whole_with_its_type(db):
    response = Client().get(f"/static/{STYLES}")
    with open(finders.find(STYLES), "rb") as file:  # noqa: PTH123  # finders give text
        assert b"".join(response.streaming_content) == file.read()
    response.close()
    assert response.headers["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("path", ["/static/nothing.css", "/static/../manage.py"])
def test_nothing_else_is_served(db, path):
    assert Client().get(path).status_code == 404
