"""Google's generateContent: what a request asks, and the reply as JSON or as a stream."""

import re
from collections.abc import Iterator
from typing import Any

from laboratory.wire.exchange import Body, Event, Reply, Request

ENDS = (":generateContent", ":streamGenerateContent")


def read(body: Body, path: str) -> Request:
    """What was asked; the model stands in the path."""
    prompts: list[str] = []
    step = 0
    for content in body.get("contents") or []:
        if content.get("role", "user") != "user":
            continue
        parts = content.get("parts") or []
        step = step + 1 if any("functionResponse" in x for x in parts) else 0
        prompts += [x["text"] for x in parts if "text" in x]
    tools = {
        x["name"]: x.get("parametersJsonSchema") or x.get("parameters") or {}
        for group in body.get("tools") or []
        for x in group.get("functionDeclarations") or []
    }
    named = re.search(r"models/([^:/]+)", path)
    streams = "streamGenerateContent" in path
    return Request(named.group(1) if named else "", tools, prompts, step, streams)


def whole(reply: Reply) -> Body:
    """The reply in one piece."""
    candidate = {"content": _content(_part(reply)), "finishReason": "STOP", "index": 0}
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(reply),
        "modelVersion": reply.model,
        "responseId": reply.id,
    }


def events(reply: Reply) -> Iterator[Event]:
    """The reply as it is streamed: its words, then the whole."""
    if reply.tool:
        said = {"content": _content({"text": reply.words}), "index": 0}
        yield Event({**whole(reply), "candidates": [said]}, half=True)
    yield Event(whole(reply), half=not reply.tool)


def _content(part: Body) -> dict[str, Any]:
    return {"role": "model", "parts": [part]}


def _part(reply: Reply) -> dict[str, Any]:
    if not reply.tool:
        return {"text": reply.words}
    call = {"name": reply.tool, "args": dict(reply.arguments), "id": f"call-{reply.id[-8:]}"}
    return {"functionCall": call}


def _usage(reply: Reply) -> dict[str, Any]:
    tokens = reply.tokens
    given = tokens.fresh + tokens.read
    return {
        "promptTokenCount": given,
        "cachedContentTokenCount": tokens.read,
        "candidatesTokenCount": tokens.out - tokens.think,
        "thoughtsTokenCount": tokens.think,
        "totalTokenCount": given + tokens.out,
    }
