"""OpenAI's Chat Completions: what a request asks, and the reply as JSON or as a stream."""

import json
from collections.abc import Iterator
from typing import Any

from laboratory.wire.exchange import Body, Event, Reply, Request, text_of

ENDS = ("/chat/completions",)


def read(body: Body, _: str) -> Request:
    """What was asked."""
    prompts: list[str] = []
    step = 0
    for message in body.get("messages") or []:
        if message["role"] == "tool":
            step += 1
        elif message["role"] == "user":
            step = 0
            prompts.append(text_of(message.get("content")))
    functions = [x.get("function") or {} for x in body.get("tools") or []]
    tools = {x.get("name", ""): x.get("parameters") or {} for x in functions}
    return Request(body.get("model", ""), tools, prompts, step, bool(body.get("stream")))


def whole(reply: Reply) -> Body:
    """The reply in one piece."""
    choice = {"index": 0, "message": _message(reply), "finish_reason": _end(reply)}
    return {**_head(reply, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def events(reply: Reply) -> Iterator[Event]:
    """The reply as it is streamed; usage stands in a last chunk without choices."""
    head = _head(reply, "chat.completion.chunk")
    message = _message(reply)
    for index, call in enumerate(message.get("tool_calls", [])):
        call["index"] = index
    said = {"index": 0, "delta": message, "finish_reason": None}
    ended = {"index": 0, "delta": {}, "finish_reason": _end(reply)}
    yield Event({**head, "choices": [said]}, half=True)
    yield Event({**head, "choices": [ended]})
    yield Event({**head, "choices": [], "usage": _usage(reply)})
    yield Event("[DONE]")


def _head(reply: Reply, kind: str) -> dict[str, Any]:
    return {"id": reply.id, "object": kind, "created": reply.at, "model": reply.model}


def _end(reply: Reply) -> str:
    return "tool_calls" if reply.tool else "stop"


def _message(reply: Reply) -> dict[str, Any]:
    if not reply.tool:
        return {"role": "assistant", "content": reply.words}
    function = {"name": reply.tool, "arguments": json.dumps(dict(reply.arguments))}
    call = {"id": f"call_{reply.id[-12:]}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _usage(reply: Reply) -> dict[str, Any]:
    tokens = reply.tokens
    given = tokens.fresh + tokens.read
    return {
        "prompt_tokens": given,
        "completion_tokens": tokens.out,
        "total_tokens": given + tokens.out,
        "prompt_tokens_details": {"cached_tokens": tokens.read},
        "completion_tokens_details": {"reasoning_tokens": tokens.think},
    }
