"""Anthropic's Messages: what a request asks, and the reply as JSON or as a stream of events."""

import json
from collections.abc import Iterator
from typing import Any

from laboratory.wire.exchange import Body, Event, Reply, Request, text_of

ENDS = ("/messages",)


def read(body: Body, _: str) -> Request:
    """What was asked; a reminder of the agent's own is no prompt."""
    prompts: list[str] = []
    step = 0
    for message in body.get("messages") or []:
        if message["role"] != "user":
            continue
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        own = [x for x in blocks if x.get("type") == "text" and not _is_reminder(x["text"])]
        if any(x.get("type") == "tool_result" for x in blocks):
            step += 1
        elif own:
            step = 0
        prompts += [text_of([x]) for x in own]
    tools = {x.get("name", ""): x.get("input_schema") or {} for x in body.get("tools") or []}
    return Request(body.get("model", ""), tools, prompts, step, bool(body.get("stream")))


def whole(reply: Reply) -> Body:
    """The reply in one piece."""
    stop = "tool_use" if reply.tool else "end_turn"
    return {**_head(reply), "content": _blocks(reply), "stop_reason": stop, "usage": _usage(reply)}


def events(reply: Reply) -> Iterator[Event]:
    """The reply as it is streamed; usage stands at both ends, as the real one tells it."""
    usage = _usage(reply)
    first = {**_head(reply), "content": [], "stop_reason": None}
    yield _event("message_start", message={**first, "usage": {**usage, "output_tokens": 1}})
    for index, block in enumerate(_blocks(reply)):
        is_text = block["type"] == "text"
        empty = {**block, "text": ""} if is_text else {**block, "input": {}}
        delta = (
            {"type": "text_delta", "text": block["text"]}
            if is_text
            else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        )
        yield _event("content_block_start", index=index, content_block=empty)
        yield _event("content_block_delta", index=index, delta=delta)._replace(half=is_text)
        yield _event("content_block_stop", index=index)
    stop = {"stop_reason": "tool_use" if reply.tool else "end_turn", "stop_sequence": None}
    yield _event("message_delta", delta=stop, usage=usage)
    yield _event("message_stop")


def _is_reminder(text: str) -> bool:
    return text.lstrip().startswith("<system-reminder>")


def _head(reply: Reply) -> dict[str, Any]:
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "stop_sequence": None,
    }


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    said = {"type": "text", "text": reply.words}
    if not reply.tool:
        return [said]
    use = {
        "type": "tool_use",
        "id": f"toolu_{reply.id[-12:]}",
        "name": reply.tool,
        "input": dict(reply.arguments),
    }
    return [said, use]


def _usage(reply: Reply) -> dict[str, Any]:
    tokens = reply.tokens
    return {
        "input_tokens": tokens.fresh,
        "cache_read_input_tokens": tokens.read,
        "cache_creation_input_tokens": tokens.write + tokens.hour,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.write,
            "ephemeral_1h_input_tokens": tokens.hour,
        },
        "output_tokens": tokens.out,
        "service_tier": "standard",
    }


def _event(kind: str, **fields: Any) -> Event:
    return Event({"type": kind, **fields}, kind)
