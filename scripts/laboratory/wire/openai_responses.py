"""OpenAI's Responses: what a request asks, and the reply as JSON or as a stream of events."""

import json
from collections.abc import Iterator
from typing import Any

from laboratory.wire.exchange import Body, Event, Reply, Request, text_of

ENDS = ("/responses",)


def read(body: Body, _: str) -> Request:
    """What was asked; what begins with a tag is the agent's own word on its surroundings."""
    given = body.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    prompts: list[str] = []
    step = 0
    for item in items:
        kind = item.get("type", "message")
        if kind.endswith("_call_output"):
            step += 1
        elif kind == "message" and item.get("role") == "user":
            text = text_of(item["content"])
            if not text.startswith("<"):
                step = 0
                prompts.append(text)
    tools = {
        x["name"]: x.get("parameters") or {}
        for x in body.get("tools") or []
        if x.get("type") == "function"
    }
    return Request(body.get("model", ""), tools, prompts, step, bool(body.get("stream")))


def whole(reply: Reply) -> Body:
    """The reply in one piece."""
    return {
        "id": reply.id,
        "object": "response",
        "created_at": reply.at,
        "status": "completed",
        "model": reply.model,
        "output": [_item(reply)],
        "usage": _usage(reply),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }


def events(reply: Reply) -> Iterator[Event]:
    """The reply as it is streamed; usage stands in its last event alone."""
    done, item = whole(reply), _item(reply)
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    parts = _spoken(item) if item["type"] == "message" else _called(item)
    body = [
        _event("response.created", response=begun),
        _event("response.output_item.added", output_index=0, item={**item, **_young(item)}),
        *parts,
        _event("response.output_item.done", output_index=0, item=item),
        _event("response.completed", response=done),
    ]
    for number, event in enumerate(body):
        assert not isinstance(event.data, str)
        yield event._replace(data={**event.data, "sequence_number": number})


def _item(reply: Reply) -> dict[str, Any]:
    if reply.tool:
        return {
            "type": "function_call",
            "id": f"fc_{reply.id}",
            "call_id": f"call_{reply.id}",
            "name": reply.tool,
            "arguments": json.dumps(dict(reply.arguments)),
            "status": "completed",
        }
    said = {"type": "output_text", "text": reply.words, "annotations": []}
    return {
        "type": "message",
        "id": f"msg_{reply.id}",
        "role": "assistant",
        "status": "completed",
        "content": [said],
    }


def _young(item: Body) -> dict[str, Any]:
    young: dict[str, Any] = {"status": "in_progress"}
    return {**young, "content": []} if item["type"] == "message" else young


def _spoken(item: Body) -> list[Event]:
    said = item["content"][0]
    where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    delta = _event("response.output_text.delta", **where, delta=said["text"], logprobs=[])
    return [
        _event("response.content_part.added", **where, part={**said, "text": ""}),
        delta._replace(half=True),
        _event("response.output_text.done", **where, text=said["text"], logprobs=[]),
        _event("response.content_part.done", **where, part=said),
    ]


def _called(item: Body) -> list[Event]:
    kind = "response.function_call_arguments.done"
    fields = {"item_id": item["id"], "output_index": 0, "arguments": item["arguments"]}
    return [_event(kind, **fields, name=item["name"])]


def _usage(reply: Reply) -> dict[str, Any]:
    tokens = reply.tokens
    given = tokens.fresh + tokens.read
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": tokens.read},
        "output_tokens": tokens.out,
        "output_tokens_details": {"reasoning_tokens": tokens.think},
        "total_tokens": given + tokens.out,
    }


def _event(kind: str, **fields: Any) -> Event:
    return Event({"type": kind, **fields}, kind)
