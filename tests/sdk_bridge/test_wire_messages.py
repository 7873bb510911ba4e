"""Whole messages as they come over the wire."""

from sdk_bridge.agent_server.wire_messages import read_message


def test_malformed_calls_are_calls_without_arguments():
    message = read_message(
        {
            "type": "ai",
            "id": "m1",
            "content": "",
            "tool_calls": [{"id": "c1", "name": "calculator", "args": {"expression": "1"}}],
            "invalid_tool_calls": [
                {"id": "c2", "name": "calculator", "args": "{oops", "error": "x"},
                {"id": None, "name": None, "args": None, "error": None},
            ],
        }
    )

    assert message is not None
    assert [(call.id, call.name, dict(call.arguments)) for call in message.tool_calls] == [
        ("c1", "calculator", {"expression": "1"}),
        ("c2", "calculator", {}),
        ("", "", {}),
    ]
