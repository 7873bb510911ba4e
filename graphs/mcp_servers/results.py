"""Turns what an MCP tool answers into text for the model, bounded and fit to be kept."""

import json

from mcp import types

LONGEST_RESULT = 100_000
CUT = "\n[cut: the result is longer than {most} characters]"
NOTHING = "(The tool gave no output.)"


def text_of(result: types.CallToolResult) -> str:
    """Write a result out: texts as they are, other kinds by name, structured content where no text is."""
    parts = [_text(content) for content in result.content]
    if not parts and result.structuredContent is not None:
        parts = [json.dumps(result.structuredContent, ensure_ascii=False)]
    return bounded("\n".join(part for part in parts if part)) or NOTHING


def bounded(text: str) -> str:
    """Cut a text that is too long, saying so, and drop what the database cannot hold."""
    # No column holds a null character, and half of a character cannot be encoded.
    clean = text[: LONGEST_RESULT + 1].replace("\0", "").encode(errors="replace").decode()
    if len(text) <= LONGEST_RESULT:
        return clean
    return clean[:LONGEST_RESULT] + CUT.format(most=LONGEST_RESULT)


def _text(content: types.ContentBlock) -> str:
    match content:
        case types.TextContent():
            return content.text
        case types.ImageContent() | types.AudioContent():
            return f"[{content.type} of {content.mimeType}, {_kilobytes(content.data)}, not shown]"
        case types.ResourceLink():
            return f"[resource {content.name}: {content.uri}]"
        case types.EmbeddedResource():
            return _resource(content.resource)


def _resource(resource: types.TextResourceContents | types.BlobResourceContents) -> str:
    if isinstance(resource, types.TextResourceContents):
        return resource.text
    return f"[resource {resource.uri} of {resource.mimeType}, {_kilobytes(resource.blob)}, not shown]"


def _kilobytes(base64: str) -> str:
    return f"{max(len(base64) * 3 // 4096, 1)} kB"
