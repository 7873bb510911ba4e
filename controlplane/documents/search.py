"""Finds passages in a user's documents, by meaning and by words, the two ranks fused."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from psycopg import sql

from controlplane.documents.models import UserDocument
from controlplane.documents.search_filters import conditions_of
from controlplane.documents.vectors import connected
from controlplane.embeddings.client import texts_embed
from controlplane.errors import Invalid

MOST_RESULTS: Final = 50
LONGEST_QUERY: Final = 2_000
# Each way of searching gives so many candidates; the constant is that of reciprocal rank fusion.
CANDIDATES: Final = 60
FUSION: Final = 20
# In a sentence the meaning says more than the words; a few words, such as a part number, are meant literally.
TRUST_IN_WORDS: Final = 0.5
FEW_WORDS: Final = 3
# Whose lists of stop words say which words say nothing: "how", "wie", "comment".
STEMMERS: Final = (
    "english_stem", "german_stem", "french_stem", "spanish_stem", "italian_stem", "portuguese_stem",
    "dutch_stem", "russian_stem", "swedish_stem", "danish_stem", "norwegian_stem", "finnish_stem",
    "hungarian_stem", "turkish_stem",
)  # fmt: skip
MOST_DOCUMENTS: Final = 5_000

# Each of the owner's chunks is looked at once: OFFSET 0 keeps filters from the index of everybody's metadata.
# By words: each that question and passage share counts by how rare it is among the passages in reach (as in
# BM25, the inverse document frequency); what comes to less than half of the best is no match.
FIND: Final = sql.SQL("""
    WITH asked AS MATERIALIZED (
        SELECT word, quote_literal(word)::tsquery AS wanted
        FROM unnest(tsvector_to_array(to_tsvector('simple', {query}))) AS said (word)
        WHERE NOT EXISTS (
            SELECT FROM unnest({stemmers}::regdictionary[]) AS stemmer
            WHERE ts_lexize(stemmer, word) = '{{}}'
        )
    ), mine AS MATERIALIZED (
        SELECT e.id, e.embedding <=> {vector}::vector AS distance,
               ARRAY(SELECT word FROM asked WHERE e.words @@ wanted) AS shared
        FROM (
            SELECT e.* FROM langchain_pg_embedding e
            WHERE e.collection_id = ANY(ARRAY(
                SELECT uuid FROM langchain_pg_collection WHERE name = ANY({collections})
            )) OFFSET 0
        ) e
        WHERE e.cmetadata->>'user_id' = {user} AND e.cmetadata->>'document_id' = ANY({documents}) {conditions}
    ), by_meaning AS (
        SELECT id, 1 - distance AS similarity, row_number() OVER (ORDER BY distance, id) AS place
        FROM (SELECT id, distance FROM mine ORDER BY distance, id LIMIT {candidates}) nearest
    ), hits AS (
        SELECT id, count(*) OVER (PARTITION BY word) AS passages FROM mine, unnest(shared) AS word
    ), weighed AS (
        SELECT id, sum(ln(1 + ((SELECT count(*) FROM mine) - passages + 0.5) / (passages + 0.5))) AS weight
        FROM hits GROUP BY id
    ), by_words AS (
        SELECT id, row_number() OVER (ORDER BY weight DESC, id) AS place FROM weighed
        WHERE weight >= (SELECT max(weight) FROM weighed) / 2
        ORDER BY weight DESC, id LIMIT {candidates}
    ), best AS (
        SELECT id, by_meaning.similarity,
               coalesce(1.0 / ({fusion} + by_meaning.place), 0)
               + {trust} * coalesce(1.0 / ({fusion} + by_words.place), 0) AS score
        FROM by_meaning FULL JOIN by_words USING (id)
        ORDER BY score DESC, id LIMIT {limit}
    )
    SELECT id, e.document, e.cmetadata, best.similarity, best.score
    FROM best JOIN langchain_pg_embedding e USING (id) ORDER BY best.score DESC, id
""")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is looked for. Without a session only what holds for all of the user's sessions is searched."""

    text: str = field(repr=False)
    session_id: uuid.UUID | None = None
    filters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    limit: int = 5


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A chunk that was found. `score` orders them; `similarity` is the cosine, None if words alone fit."""

    id: str
    document_id: uuid.UUID
    file_name: str
    page: int | None
    chunk: int
    heading: str
    text: str = field(repr=False)
    score: float
    similarity: float | None


def passages_find(question: Question, *, owner_id: uuid.UUID) -> list[Passage]:
    """Find the best passages, best first; the question's embedding is billed to the owner.

    Raises Invalid, Unavailable, and what `texts_embed` raises. A user without documents costs nothing.
    """
    text = question.text.strip()
    if not 0 < len(text) <= LONGEST_QUERY or not 0 < question.limit <= MOST_RESULTS:
        raise Invalid("The question cannot be used.", fields={"query": [f"1 to {LONGEST_QUERY} characters."]})
    conditions_of(question.filters)  # complains before anything is paid for
    collections, documents = _searchable(owner_id, question.session_id)
    if not documents:
        return []
    (vector,) = texts_embed([text], user_id=owner_id, model=settings.EMBEDDING_MODEL).vectors
    statement = _statement(question, vector, owner_id, (collections, documents))
    with connected() as connection:
        rows = [] if connection is None else connection.execute(statement).fetchall()
    return list(_passages(rows))


def _statement(
    question: Question, vector: Sequence[float], owner_id: uuid.UUID, reach: tuple[list[str], list[str]]
) -> sql.Composed:
    text = question.text.strip()
    conditions = conditions_of(question.filters)
    collections, documents = reach
    return FIND.format(
        collections=sql.Literal(collections),
        user=sql.Literal(str(owner_id)),
        documents=sql.Literal(documents),
        conditions=sql.SQL("").join(sql.SQL(" AND {}").format(condition) for condition in conditions),
        vector=sql.Literal(f"[{','.join(map(repr, vector))}]"),
        query=sql.Literal(text),
        stemmers=sql.Literal(list(STEMMERS)),
        trust=sql.Literal(_trust_in_words(text)),
        candidates=sql.Literal(CANDIDATES),
        fusion=sql.Literal(FUSION),
        limit=sql.Literal(question.limit),
    )


def _trust_in_words(text: str) -> float:
    return 1.0 if len(text.split()) <= FEW_WORDS else TRUST_IN_WORDS


def _searchable(owner_id: uuid.UUID, session_id: uuid.UUID | None) -> tuple[list[str], list[str]]:
    """Name what is in reach: the owner's own documents, active and completed, and their collections."""
    scope = Q(chat_session_id=None) | Q(chat_session_id=session_id)
    mine = UserDocument.objects.owned_by(owner_id).active().filter(scope, processing_status="completed")
    found = mine.order_by("-created_at").values_list("vector_collection_name", "pk")[:MOST_DOCUMENTS]
    return sorted({name for name, _ in found}), [str(pk) for _, pk in found]


def _passages(rows: Sequence[tuple[Any, ...]]) -> Iterator[Passage]:
    for chunk_id, text, about, similarity, score in rows:
        yield Passage(
            id=chunk_id,
            document_id=uuid.UUID(about["document_id"]),
            file_name=about.get("file_name", ""),
            page=about.get("page"),
            chunk=about.get("chunk", 0),
            heading=about.get("heading", ""),
            text=text,
            score=float(score),
            similarity=None if similarity is None else float(similarity),
        )
