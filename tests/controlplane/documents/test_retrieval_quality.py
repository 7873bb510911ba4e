"""In files of every kind, the right passage is among the first three for at least nine of ten questions."""

import pytest

from controlplane.documents.extraction import child
from controlplane.documents.extraction.bounds import Bounds
from controlplane.documents.extraction.kinds import MEDIA_TYPES, Kind
from controlplane.documents.models import UserDocument
from controlplane.documents.processing import document_process
from controlplane.documents.search import Question, passages_find
from controlplane.language_models.models import AllowedModel
from tests.controlplane.documents.extraction.made_files import MAKERS
from tests.controlplane.documents.files import upload
from tests.controlplane.documents.house_embedder import house_embedder
from tests.controlplane.documents.library import ASKED, OTHERS
from tests.shown_tables import show_table

FIRST = 3
FEWEST = 9


@pytest.fixture(autouse=True)
def house(settings, transactional_db):
    AllowedModel.objects.create(name=settings.EMBEDDING_MODEL, provider="openai", is_active=True)
    with house_embedder() as listening:
        settings.EMBEDDINGS_BASE_URL = listening.base_url
        yield


def read_here(path, **_):
    """Read in this process: the child is tested elsewhere, and two hundred of them take minutes."""
    bounds = Bounds()
    kind = child.kind_of(path)
    yield kind
    yield from child._pages(path, kind, bounds)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MAKERS)
def test_right_passage_is_among_the_first(name, user, vectors, monkeypatch):
    monkeypatch.setattr("controlplane.documents.processing.extract", read_here)
    articles = [*ASKED.values(), *((heading, texts) for heading, texts in OTHERS.items())]
    of_article = {}
    for heading, texts in articles:
        document = upload(user, f"{heading}.bin", MAKERS[name]([(heading, texts)]))
        assert document_process(document_id=document.pk), heading
        of_article[heading] = document.pk
    found = {
        question: [
            one.document_id for one in passages_find(Question(text=question, limit=FIRST), owner_id=user.pk)
        ]
        for question in ASKED
    }

    right = [q for q, (heading, _) in ASKED.items() if of_article[heading] in found[q]]
    best = [q for q, (heading, _) in ASKED.items() if found[q][:1] == [of_article[heading]]]
    kinds = set(UserDocument.objects.values_list("file_type", flat=True))
    show_table(
        f"{name:<10}{len(articles):>4} documents   first {len(best):>2}/10   in three {len(right):>2}/10"
    )

    # Of a heading and a line nobody can tell whether it is Markdown or a table.
    assert kinds <= {MEDIA_TYPES[Kind(name)], MEDIA_TYPES[Kind.TEXT]}
    assert len(right) >= FEWEST, sorted(set(ASKED) - set(right))
