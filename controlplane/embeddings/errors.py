"""Why there are no embeddings; none of them quotes the provider, whose words may hold keys and texts."""

from typing import ClassVar

from controlplane.errors import ThreadplaneError, Unavailable


class EmbeddingsUnavailable(Unavailable):
    """The provider does not answer, or not now: trying again later may help."""

    default_code: ClassVar[str] = "embeddings_unavailable"


class EmbeddingsRefused(ThreadplaneError):
    """The provider does not take the request or the house's key: trying again does not help."""

    default_code: ClassVar[str] = "embeddings_refused"
