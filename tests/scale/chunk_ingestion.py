"""Compares how fast documents become searchable with how fast the bare embedder embeds the same texts."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pydoc_data.topics import topics
from typing import Final

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from controlplane.accounts.models import CustomUser  # noqa: E402  # models can be imported from here on
from controlplane.documents.models import UserDocument  # noqa: E402  # models can be imported from here on
from controlplane.documents.processing import document_process  # noqa: E402  # models can be imported from here on
from controlplane.language_models.models import AllowedModel  # noqa: E402  # models can be imported from here on
from tests.benchmarks_page import SAMPLES, section_write  # noqa: E402  # models can be imported from here on
from tests.controlplane.documents.files import upload  # noqa: E402  # models can be imported from here on
from tests.controlplane.documents.house_embedder import embedder, house_embedder  # noqa: E402  # models can be imported from here on

DOCUMENTS: Final = 2
LEAST_SHARE: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class Ingestion:
    """Seconds of the product, from file to vectors, and of the embedder alone, for so many chunks."""

    chunks: int
    product: float
    bare: float

    @property
    def share(self) -> float:
        """What part of the bare embedder's throughput the product has."""
        return self.bare / self.product


def compare_ingestion() -> list[str]:
    """Measure and report; returns what misses its figure."""
    call_command("migrate", verbosity=0)
    found = ingestion_measure()
    said = (
        f"`make scale`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores: {DOCUMENTS} documents of "
        f"{found.chunks:,} chunks from file to vectors in {found.product:.1f} s, the same texts by the "
        f"embedder alone in {found.bare:.1f} s: {found.share:.0%} of its throughput. "
        "The provider of embeddings is a thread of the same process over HTTP. The figures are in "
        "[benchmarks/ingestion.json](benchmarks/ingestion.json)."
    )
    sys.stdout.write(f"{said}\n")
    (SAMPLES / "ingestion.json").write_text(json.dumps(asdict(found)) + "\n")
    section_write("ingestion", f"## From files to vectors\n\n{said}")
    return ["ingestion"] if found.share < LEAST_SHARE else []


def ingestion_measure() -> Ingestion:
    """Process the Python manual in parts, each then embedded once more by the embedder alone."""
    user = CustomUser.objects.create(email="reader@example.com")
    AllowedModel.objects.update_or_create(
        name=settings.EMBEDDING_MODEL, defaults={"provider": "openai", "is_active": True}
    )
    names = sorted(topics)
    product = bare = 0.0
    chunks = 0
    with house_embedder() as listening:
        settings.EMBEDDINGS_BASE_URL = listening.base_url
        for part in range(DOCUMENTS):
            text = "\n\n".join(topics[name] for name in names[part::DOCUMENTS])
            document = upload(user, f"part {part}.txt", text.encode())
            listening.asked.clear()
            product += _seconds(lambda pk=document.pk: document_process(document_id=pk))
            texts = [text for _, asked in listening.asked for text in asked["input"]]
            bare += _seconds(lambda texts=texts: [embedder().embed(embedder().token_ids(t)) for t in texts])
            document = UserDocument.objects.get(pk=document.pk)
            assert document.chunk_count == len(texts), (document.processing_status, document.error_message)
            chunks += len(texts)
    return Ingestion(chunks=chunks, product=product, bare=bare)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
