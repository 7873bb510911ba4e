"""Which field was refused and why, flat, whichever library refused it."""

from collections.abc import Iterator

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelInvalid
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings


def fields_of(error: BaseException) -> dict[str, list[str]]:
    """Map each field to its complaints; nested fields are named with dots, the whole by DRF's usual key."""
    if isinstance(error, ModelInvalid):
        return _of_model(error)
    if not isinstance(error, ValidationError):
        return {}
    found: dict[str, list[str]] = {}
    for name, complaint in _walk(error.detail, path=""):
        found.setdefault(name or str(api_settings.NON_FIELD_ERRORS_KEY), []).append(complaint)
    return found


def _of_model(error: ModelInvalid) -> dict[str, list[str]]:
    whole = str(api_settings.NON_FIELD_ERRORS_KEY)
    if not hasattr(error, "error_dict"):
        return {whole: list(error.messages)}
    return {
        whole if name == NON_FIELD_ERRORS else name: list(said) for name, said in error.message_dict.items()
    }


def _walk(detail: object, *, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            whole = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _walk(inner, path=path if whole else f"{path}.{name}".lstrip("."))
        return
    if isinstance(detail, list):
        for inner in detail:
            yield from _walk(inner, path=path)
        return
    yield path, str(detail)
