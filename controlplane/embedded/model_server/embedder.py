"""all-MiniLM-L6-v2: turns texts into vectors of 384 numbers, of length one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from tokenizers import Tokenizer

DIMENSIONS = 384
WINDOW_TOKENS = 254  # the model was trained on 256, two of which mark the ends

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Embedding:
    """A text's vector and what it took."""

    vector: Vector
    tokens: int


class Embedder:
    """The loaded model. A text that is longer than the model's window gets the mean of its windows."""

    def __init__(self, weights: Path, tokenizer: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._start, self._end = self._tokenizer.encode("").ids

    def token_ids(self, text: str) -> list[int]:
        """Return the text's tokens, without the marks of its ends."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def embed(self, ids: Sequence[int]) -> Embedding:
        """Return the vector of a tokenized text.

        Texts are run one by one: numbers are quantized over a batch, so that a text's vector would depend on
        its neighbours; without padding it is faster too.
        """
        windows = [ids[at : at + WINDOW_TOKENS] for at in range(0, len(ids), WINDOW_TOKENS)]
        mean = sum((self._embed_window(window) * len(window) for window in windows), np.zeros(DIMENSIONS))
        return Embedding(vector=(mean / np.linalg.norm(mean)).astype(np.float32), tokens=len(ids))

    def _embed_window(self, window: Sequence[int]) -> Vector:
        ids = np.array([[self._start, *window, self._end]], dtype=np.int64)
        hidden: Vector = self._session.run(
            None,
            {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)},
        )[0][0]
        pooled: Vector = hidden.mean(axis=0)
        return pooled / np.linalg.norm(pooled)
