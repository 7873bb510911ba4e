"""What others may import, and what the value types promise."""

import dataclasses
from uuid import uuid4

import pytest

import sdk_bridge
import sdk_bridge.memory
from sdk_bridge import (
    BridgeError,
    Final,
    LimitReached,
    Message,
    NotFound,
    Retryable,
    RunEnded,
    RunNotFound,
    RunRequest,
    ServerBusy,
    StreamInterrupted,
    ThreadNotFound,
    Token,
)
from sdk_bridge.failures import failure_of


@pytest.mark.parametrize("package", [sdk_bridge, sdk_bridge.memory], ids=["sdk_bridge", "memory"])
def test_everything_exported_exists_and_is_sorted(package: object) -> None:
    names = package.__all__
    assert names == sorted(names)
    assert all(hasattr(package, name) for name in names)


def test_every_error_and_event_is_exported() -> None:
    def below(error: type[BridgeError]) -> set[str]:
        return {error.__name__}.union(*(below(child) for child in error.__subclasses__()))

    events = {event.__name__ for event in sdk_bridge.Event.__args__}
    assert below(BridgeError) | events <= set(sdk_bridge.__all__)


@pytest.mark.parametrize(
    ("error_class", "parent", "retryable"),
    [
        pytest.param(ServerBusy, Retryable, True, id="retryable"),
        pytest.param(StreamInterrupted, Retryable, True, id="cut-stream"),
        pytest.param(LimitReached, Final, False, id="final"),
        pytest.param(ThreadNotFound, NotFound, False, id="thread"),
        pytest.param(RunNotFound, NotFound, False, id="run"),
    ],
)
def test_errors_say_whether_repeating_helps(
    error_class: type[BridgeError], parent: type[BridgeError], retryable: bool
) -> None:
    assert issubclass(error_class, parent)
    assert error_class.retryable is retryable


@pytest.mark.parametrize(
    ("message", "resume"),
    [pytest.param(None, None, id="neither"), pytest.param("hello", "red", id="both")],
)
def test_run_either_answers_or_resumes(message: str | None, resume: object) -> None:
    with pytest.raises(ValueError, match="answers a message, resumes or goes on"):
        RunRequest(on_disconnect="cancel", message=message, resume=resume)


def test_what_happens_on_disconnect_has_no_default() -> None:
    (choice,) = (field for field in dataclasses.fields(RunRequest) if field.name == "on_disconnect")
    assert choice.default is dataclasses.MISSING


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Message("m", "ai", "hi"), id="message"),
        pytest.param(Token("m", "hi"), id="token"),
        pytest.param(RunEnded(uuid4(), "success"), id="end"),
        pytest.param(RunRequest(on_disconnect="cancel", message="hi"), id="request"),
    ],
)
def test_values_are_frozen(value: object) -> None:
    (name, *_) = (field.name for field in dataclasses.fields(value))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)


@pytest.mark.parametrize(
    ("error_class", "code", "retryable"),
    [
        pytest.param("LimitReached", "limit_reached", False, id="limit"),
        pytest.param("ModelUnreachable", "model_unreachable", True, id="unreachable"),
        pytest.param("ModelTimedOut", "model_timed_out", True, id="timed-out"),
        pytest.param("ModelRateLimited", "model_rate_limited", True, id="rate-limited"),
        pytest.param("ModelFailed", "model_failed", True, id="failed"),
        pytest.param("ModelRefused", "model_refused", False, id="refused"),
        pytest.param("ControlPlaneUnreachable", "control_plane_unreachable", True, id="control-plane"),
        pytest.param("KeyRefused", "key_refused", False, id="key-refused"),
        pytest.param("RunRefused", "run_refused", False, id="run-refused"),
        pytest.param("GraphRecursionError", "run_failed", False, id="anything-else"),
    ],
)
def test_failed_runs_have_the_codes_of_the_contract(error_class: str, code: str, retryable: bool) -> None:
    failure = failure_of(error_class, "An internal error occurred")
    assert (failure.code, failure.retryable) == (code, retryable)
    assert "internal" not in failure.message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param("Enough.", "Enough.", id="text"),
        pytest.param('{"message": "Enough."}', "Enough.", id="json"),
        pytest.param("{not json", "{not json", id="text-with-a-brace"),
        pytest.param("", "A usage limit is reached.", id="nothing"),
    ],
)
def test_words_of_known_failures_are_shown(said: str, message: str) -> None:
    assert failure_of("LimitReached", said).message == message
