"""Compares how fast documents become searchable with how fast the bare embedder embeds the same texts."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pydoc_data.topics import topics
from typing import Final

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from controlplane.accounts.models import CustomUser  # noqa: E402  # models can be imported from here on
from controlplane.documents.extraction.chunks import chunks_of  # noqa: E402  # models can be imported from here on
from controlplane.documents.extraction.pages import Page  # noqa: E402  # models can be imported from here on
from controlplane.documents.models import UserDocument  # noqa: E402  # models can be imported from here on
from controlplane.documents.processing import document_process  # noqa: E402  # models can be imported from here on
from controlplane.language_models.models import AllowedModel  # noqa: E402  # models can be imported from here on
from tests.benchmarks_page import SAMPLES, section_write  # noqa: E402  # models can be imported from here on
from tests.controlplane.documents.files import upload  # noqa: E402  # models can be imported from here on
from tests.controlplane.documents.house_embedder import embedder, house_embedder  # noqa: E402  # models can be imported from here on

DOCUMENTS: Final = 6
# Of the manual: each of these is a document of some hundred chunks.
PARTS: Final = 6
LEAST_SHARE: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class Ingestion:
    """Seconds of the product, from file to vectors, and of the embedder alone, document by document."""

    chunks: int
    product: list[float]
    bare: list[float]

    @property
    def shares(self) -> list[float]:
        """What part of the bare embedder's throughput the product has, for each document."""
        return [alone / whole for alone, whole in zip(self.bare, self.product, strict=True)]

    @property
    def share(self) -> float:
        """The middle one of them."""
        return statistics.median(self.shares)


def compare_ingestion() -> list[str]:
    """Measure and report; returns what misses its figure."""
    call_command("migrate", verbosity=0)
    found = ingestion_measure()
    said = (
        f"`make scale`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores: {DOCUMENTS} documents of "
        f"{found.chunks:,} chunks from file to vectors in {sum(found.product):.1f} s, the same texts by the "
        f"embedder alone in {sum(found.bare):.1f} s: {found.share:.0%} of its throughput, the median of the "
        f"documents ({min(found.shares):.0%} to {max(found.shares):.0%}). Of every second document the "
        "embedder alone had the first turn. Each time everything is embedded anew, by one thread; the "
        "product asks for it over HTTP, in the same process. The figures are in "
        "[benchmarks/ingestion.json](benchmarks/ingestion.json)."
    )
    sys.stdout.write(f"{said}\n")
    (SAMPLES / "ingestion.json").write_text(json.dumps(asdict(found)) + "\n")
    section_write("ingestion", f"## From files to vectors\n\n{said}")
    return ["ingestion"] if found.share < LEAST_SHARE else []


def ingestion_measure() -> Ingestion:
    """Process the Python manual in parts, each embedded once more by the embedder alone, before or after."""
    user = CustomUser.objects.create(email="reader@example.com")
    AllowedModel.objects.update_or_create(
        name=settings.EMBEDDING_MODEL, defaults={"provider": "openai", "is_active": True}
    )
    names = sorted(topics)
    found = Ingestion(chunks=0, product=[], bare=[])
    chunks = 0
    with house_embedder(is_remembering=False) as listening:
        settings.EMBEDDINGS_BASE_URL = listening.base_url
        embedder().embed(embedder().token_ids("The weights are read once."))
        for part in range(DOCUMENTS):
            text = "\n\n".join(topics[name] for name in names[part::PARTS])
            texts = _chunks_of(text)
            if part % 2:
                found.bare.append(_seconds(lambda texts=texts: _embed(texts)))
            document = upload(user, f"part {part}.txt", text.encode())
            found.product.append(_seconds(lambda pk=document.pk: document_process(document_id=pk)))
            if not part % 2:
                found.bare.append(_seconds(lambda texts=texts: _embed(texts)))
            document = UserDocument.objects.get(pk=document.pk)
            assert document.chunk_count == len(texts), (document.processing_status, document.error_message)
            chunks += len(texts)
    return replace(found, chunks=chunks)


def _chunks_of(text: str) -> list[str]:
    pages = [Page(number=None, text=text)]
    return [chunk.embedded_text for chunk in chunks_of(iter(pages), is_markdown=False)]


def _embed(texts: list[str]) -> None:
    for text in texts:
        embedder().embed(embedder().token_ids(text))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
