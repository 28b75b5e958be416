"""A made-up session as Claude Code writes it: transcripts of a session and its subagents.

From a seeded generator to records; it opens no file. The traps of the format are in it: rows of one
request with growing counts, 5 minute and 1 hour cache writes, sidechains in files of their own.
"""

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from costtop.demo.beats import Beat, Record
from costtop.demo.script import HAIKU, ScriptedReply, ScriptedTool, work
from costtop.named_tuples import NamedTuple

_VERSION = "2.1.140"
_AGENTS = ("Explore", "Plan", "general-purpose")


class Who(NamedTuple):
    """Whose transcript it is."""

    session: str
    cwd: str
    branch: str
    agent: str = ""  # id of a subagent

    @property
    def file(self) -> str:
        """The transcript, relative to the home."""
        folder = re.sub(r"[^A-Za-z0-9-]", "-", self.cwd)
        main = f".claude/projects/{folder}/{self.session}"
        return f"{main}/subagents/agent-{self.agent}.jsonl" if self.agent else f"{main}.jsonl"


def beats(
    rng: Random, who: Who, replies: Iterator[ScriptedReply], pace: float = 5.0
) -> Iterator[Beat]:
    """The session; `pace` is about the seconds between two replies."""
    prompt = True
    turn = ""
    for reply in replies:
        if prompt:
            pause = rng.uniform(1, 3) * pace if turn else 0.1
            turn = _id(rng, "", 16)
            yield Beat(pause, who.file, (_row(rng, who, "user", _prompt(), promptId=turn),))
        stuck = any(tool.error for tool in reply.tools)
        free = not (prompt or stuck or reply.ends or who.agent)
        delegates = free and rng.random() < 0.05
        tools = (ScriptedTool("Agent", rng.choice(_AGENTS)),) if delegates else reply.tools
        named = [(_id(rng, "toolu_", 12), tool) for tool in tools]
        yield from _rows(rng, who, reply._replace(tools=tools), named, pace)
        for name, tool in named:
            yield from _done(rng, who, name, tool, pace)
        prompt = reply.ends
        if reply.ends and not who.agent:
            took = {"subtype": "turn_duration", "durationMs": rng.randint(9_000, 240_000)}
            yield Beat(0.1, who.file, (_row(rng, who, "system", None, **took),))


def _rows(
    rng: Random, who: Who, reply: ScriptedReply, named: list[tuple[str, ScriptedTool]], pace: float
) -> Iterator[Beat]:
    """One request, a row for each content block: its output grows until the last one."""
    message, request = _id(rng, "msg_01", 10), _id(rng, "req_011", 10)
    blocks: list[Record] = [{"type": "text", "text": "…"}]
    blocks += [_use(name, tool) for name, tool in named]
    pauses = [pace * rng.uniform(0.5, 1.2), *(rng.uniform(0.2, 0.6) for _ in blocks[1:])]
    for nth, block in enumerate(blocks):
        last = nth == len(blocks) - 1
        output = reply.output if last else max(1, reply.output * (nth + 1) // (len(blocks) + 2))
        stop = ("tool_use" if reply.tools else "end_turn") if last else None
        body = {
            "model": reply.model,
            "id": message,
            "type": "message",
            "role": "assistant",
            "content": [block],
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": _usage(reply, output),
        }
        row = _row(rng, who, "assistant", body, requestId=request)
        yield Beat(pauses[nth], who.file, (row,), reply.cost if last else 0.0)


def _usage(reply: ScriptedReply, output: int) -> Record:
    return {
        "input_tokens": reply.fresh,
        "cache_creation_input_tokens": reply.write,
        "cache_read_input_tokens": reply.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if reply.long else reply.write,
            "ephemeral_1h_input_tokens": reply.write if reply.long else 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
        "inference_geo": "global",
    }


def _done(rng: Random, who: Who, name: str, tool: ScriptedTool, pace: float) -> Iterator[Beat]:
    """What came of a tool call; of a subagent, first what that wrote."""
    summary: dict[str, Any] = {}
    if tool.name == "Agent":
        agent = f"a{rng.getrandbits(60):015x}"
        helper = who._replace(agent=agent)
        yield from beats(rng, helper, work(rng, HAIKU, rng.uniform(0.02, 0.15)), pace * 0.6)
        summary = {"toolUseResult": {"status": "completed", "agentId": agent}}
    result: Record = {"type": "tool_result", "tool_use_id": name, "content": tool.result}
    if tool.error:
        result["is_error"] = True
    body = {"role": "user", "content": [result]}
    yield Beat(rng.uniform(0.1, 0.3) * pace, who.file, (_row(rng, who, "user", body, **summary),))


def _use(name: str, tool: ScriptedTool) -> Record:
    if tool.name == "Agent":
        given = {"subagent_type": tool.argument, "prompt": "…"}
    else:
        given = {"command" if tool.name == "Bash" else "path": tool.argument}
    return {"type": "tool_use", "id": name, "name": tool.name, "input": given}


def _prompt() -> Record:
    return {"role": "user", "content": "…"}


def _row(rng: Random, who: Who, kind: str, message: Record | None, **more: Any) -> Record:
    row: Record = {
        "parentUuid": None,
        "isSidechain": bool(who.agent),
        "userType": "external",
        "cwd": who.cwd,
        "sessionId": who.session,
        "version": _VERSION,
        "gitBranch": who.branch,
        "type": kind,
    }
    if who.agent:
        row["agentId"] = who.agent
    if message is not None:
        row["message"] = message
    return {**row, **more, "uuid": _uuid(rng), "timestamp": None}


def _id(rng: Random, prefix: str, size: int) -> str:
    return f"{prefix}{rng.getrandbits(4 * size):0{size}x}"


def _uuid(rng: Random) -> str:
    digits = _id(rng, "", 32)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
