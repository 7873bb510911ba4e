"""Each kind of file is read, told by its content; what cannot be read fails in time, with its reason."""

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from controlplane.documents.extraction import sandbox
from controlplane.documents.extraction.bounds import Bounds
from controlplane.documents.extraction.failures import ExtractionFailed, Failure
from controlplane.documents.extraction.kinds import Kind
from controlplane.documents.extraction.pages import Page
from controlplane.documents.extraction.sandbox import extract
from tests.controlplane.documents.extraction.made_files import MAKERS, pdf, word, written

SECTIONS = [
    ("Green tea", ["It is steamed soon after it was picked.", "Its water should not boil."]),
    ("Black tea", ["It is rolled, then left to oxidize until its leaves are dark."]),
]
PAGED = {"pdf": [1, 2], "pptx": [1, 2], "xlsx": [1]}


def read(path: Path, **bounds: float) -> tuple[Kind, list[Page]]:
    kind, *pages = extract(path, bounds=Bounds(**bounds))
    return kind, pages


def failure(path: Path, **bounds: float) -> Failure:
    with pytest.raises(ExtractionFailed) as failed:
        read(path, **bounds)
    return failed.value.failure


@pytest.mark.parametrize("name", MAKERS)
def test_every_kind_is_read_whatever_its_name(name: str, tmp_path: Path):
    kind, pages = read(written(tmp_path, "picture.png", MAKERS[name](SECTIONS)))

    assert kind == Kind(name)
    text = "\n".join(page.text for page in pages)
    for heading, paragraphs in SECTIONS:
        for said in (heading, *paragraphs):
            assert said in text
    assert [page.number for page in pages] == PAGED.get(name, [None])
    assert "track" not in text


def test_headings_stay_where_a_file_has_them(tmp_path: Path):
    for name in ("docx", "html", "markdown", "epub", "pptx"):
        _, pages = read(written(tmp_path, name, MAKERS[name](SECTIONS)))

        assert "# Black tea" in "\n".join(page.text for page in pages), name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_decoded(encoding: str, tmp_path: Path):
    said = "Über den Wolken muß die Freiheit wohl grenzenlos sein. " * 5

    _, (page,) = read(written(tmp_path, "lied.txt", said.encode(encoding)))

    assert page.text == said


def image_pdf() -> bytes:
    book, picture = FPDF(), io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(picture, "PNG")
    book.add_page()
    book.image(picture, 10, 10)
    return bytes(book.output())


def locked_pdf() -> bytes:
    book = FPDF()
    book.add_page()
    book.set_font("helvetica", size=11)
    book.cell(text="secret")
    book.set_encryption(owner_password="owner", user_password="user")
    return bytes(book.output())


def bomb() -> bytes:
    made = io.BytesIO(word(SECTIONS))
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/blank.bin", b"\0" * 60_000_000)
    return made.getvalue()


def entities(secret: Path) -> bytes:
    """A document that asks for a file of the machine to be put into its text."""
    original, made = zipfile.ZipFile(io.BytesIO(word(SECTIONS))), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in original.namelist():
            content = original.read(name)
            if name == "word/document.xml":
                _, _, rest = content.partition(b"?>")
                kind = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
                content = b'<?xml version="1.0"?>' + kind + rest.replace(b"steamed", b"&x;", 1)
            archive.writestr(name, content)
    return made.getvalue()


def _png() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (400, 400), "blue").save(picture, "PNG")
    return picture.getvalue()


BAD = {
    "empty": (lambda: b"", Failure.EMPTY),
    "empty-pdf": (lambda: b"%PDF-1.7\n%%EOF\n", Failure.DAMAGED),
    "truncated-pdf": (lambda: pdf(SECTIONS)[:400], Failure.DAMAGED),
    "encrypted-pdf": (locked_pdf, Failure.ENCRYPTED),
    "image-only-pdf": (image_pdf, Failure.WITHOUT_TEXT),
    "truncated-docx": (lambda: word(SECTIONS)[:3000], Failure.DAMAGED),
    "zip-bomb": (bomb, Failure.INFLATES),
    "program": (lambda: b"\x7fELF\x02\x01\x01" + os.urandom(4000), Failure.KIND_NOT_SUPPORTED),
    "picture": (_png, Failure.KIND_NOT_SUPPORTED),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_fails_with_its_reason(name: str, tmp_path: Path):
    make, reason = BAD[name]

    assert failure(written(tmp_path, "upload.docx", make()), unpacked=50_000_000) == reason


def test_external_entities_bring_nothing_in(tmp_path: Path):
    secret = written(tmp_path, "secret.txt", b"the-words-of-another-file")

    assert failure(written(tmp_path, "letter.docx", entities(secret))) == Failure.DAMAGED


def test_too_much_text_is_refused_as_it_comes(tmp_path: Path):
    path = written(tmp_path, "long.txt", b"word and another word. " * 1000)

    assert failure(path, characters=5000) == Failure.TOO_LONG


def test_reader_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, "a.txt", b"text " * 100)
    hanging = written(
        tmp_path, "hanging.py", b'import time\nprint(\'{"kind": "text"}\', flush=True)\ntime.sleep(60)\n'
    )
    _run_instead(monkeypatch, tmp_path, hanging)
    monkeypatch.setattr(sandbox, "STARTING_SECONDS", 1.0)
    began = time.monotonic()

    assert failure(path, seconds=1) == Failure.TOO_SLOW

    assert time.monotonic() - began < 10


def test_reader_that_eats_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, "a.txt", b"text " * 100)
    _run_instead(
        monkeypatch,
        tmp_path,
        written(
            tmp_path,
            "eating.py",
            b"import sys, json\n"
            b"from controlplane.documents.extraction import child\n"
            b"def eat(path):\n    yield from ()\n    hoard = []\n"
            b"    while True:\n        hoard.append(bytearray(10_000_000))\n"
            b"child._pages = lambda path, kind, bounds: eat(path)\n"
            b"child.main(sys.argv[1:])\n",
        ),
    )

    assert failure(path, memory=900_000_000) == Failure.TOO_LARGE_TO_READ


def test_reader_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path, "a.txt", b"text " * 100)
    dying = written(tmp_path, "dying.py", b"import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    _run_instead(monkeypatch, tmp_path, dying)

    assert failure(path) == Failure.READER_DIED


def test_child_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DJANGO_SECRET_KEY", "not-for-readers")
    told = written(
        tmp_path,
        "telling.py",
        b"import json, os\nprint(json.dumps({'kind': 'text'}))\n"
        b"print(json.dumps({'page': {'number': None, 'text': ' '.join(os.environ)}}))\n"
        b"print(json.dumps({'done': True}))\n",
    )
    _run_instead(monkeypatch, tmp_path, told)

    _, (page,) = read(written(tmp_path, "a.txt", b"text"))

    assert "DJANGO_SECRET_KEY" not in page.text
    assert "PATH" in page.text


def test_iterator_that_is_closed_leaves_no_process(tmp_path: Path):
    path = written(tmp_path, "long.txt", b"word " * 1_000_000)
    reading = extract(path)
    next(reading)

    reading.close()

    assert str(path) not in _command_lines()


def _command_lines() -> str:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found.append((folder / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue
    return "\n".join(found)


def _run_instead(monkeypatch: pytest.MonkeyPatch, folder: Path, script: Path) -> None:
    """Let another script be the child: in its place on the path, by the same command."""
    (folder / "standing_in").mkdir()
    (folder / "standing_in" / "__main__.py").write_bytes(
        f"import sys\nsys.path.insert(0, {str(sandbox.ROOT)!r})\n".encode() + script.read_bytes()
    )
    monkeypatch.setattr(sandbox, "CHILD", "standing_in")
    monkeypatch.setattr(sandbox, "ROOT", folder)
