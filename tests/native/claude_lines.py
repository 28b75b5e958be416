"""Lines of Claude Code's transcripts in the shape of real ones, and what may become of them."""

import json
from random import Random
from typing import Any

SESSION = "0b0e5a52-6c1c-4a53-9a43-2f8b1f0a7c11"
FOLDER = "/home/ada/.claude/projects/-shop"
PATHS = (
    f"{FOLDER}/{SESSION}.jsonl",
    f"{FOLDER}/{SESSION}/subagents/agent-a1.jsonl",
    f"{FOLDER}/agent-b2.jsonl",
    f"{FOLDER}/notes.jsonl",
)
MESSAGES = (
    "msg_01Hq7RkTz9PwXyV3bNc5%04d",
    "msg_%d",
    "chatcmpl-é%018d",
    "msg_0000000000000000000%d",
)
MODELS = ("claude-opus-4-6", "claude-haiku-4-5", "<synthetic>", "", "mödel", None)
STOPS = (None, None, "tool_use", "end_turn", "stop_sequence", "refusal", "max_tokens", 5)
TEXTS = (
    "ok", "a \\ b", 'say "usage": {"output_tokens": 1}', "x" * 3_000, "é\u2028" * 900, '","',
    '}]},"uuid":"x","timestamp":"2026-01-01T00:00:00Z"}' * 60, "[Request interrupted by user]",
    "[Request interrupted by user for tool use]", "Error: no such file\n" * 200, "😀", "\x7f",
    "<local-command-stdout>", "<command-name>/btw</command-name>", '"tool_result"', '],"',
)  # fmt: skip
COMMANDS = ("ls", "git commit -m x", "gh pr create", "cat /tmp/x 2026-11-23T10:00:00Z", "a" * 3000)
USAGES: tuple[dict[str, Any], ...] = (
    {},
    {"cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 9}},
    {"cache_creation_input_tokens": 20, "cache_creation": None, "service_tier": "standard"},
    {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}},
    {"service_tier": "batch", "speed": "fast", "inference_geo": "us"},
    {"speed": "standard", "inference_geo": "not_available", "service_tier": None},
    {"output_tokens_details": {"thinking_tokens": 3}},
    {"iterations": [{"type": "message", "input_tokens": 1, "output_tokens": 2}]},
    {"iterations": [{"type": "advisor_message", "input_tokens": 4, "output_tokens": 5}]},
    {"iterations": [{"type": "fallback_message", "output_tokens": 5}, {"type": "message"}]},
    {"output_tokens": None},
    {"input_tokens": 1_000_000_001},
)


def lines(random: Random, count: int) -> bytes:
    """A log of `count` lines, most of them regular."""
    separators = random.choice([(",", ":"), (",", ":"), (",", ":"), (", ", ": ")])
    whole = random.random() < 0.3
    rows = [_row(random) for _ in range(count)]
    out = b""
    for row in rows:
        line = json.dumps(row, separators=separators, ensure_ascii=random.random() < 0.2).encode()
        if not whole and random.random() < 0.15:
            line = mutated(random, line)
        out += line + random.choice([b"\n"] * 20 + [b"\r\n", b" \n", b"\n\n", b"", b"\0\0\n"])
    return out


def _row(random: Random) -> dict[str, Any]:
    kind = random.choice([_reply] * 8 + [_result] * 6 + [_prompt] * 2 + [_note] * 3 + [_idle] * 2)
    return kind(random, _head(random), _tail(random))


def _head(random: Random) -> dict[str, Any]:
    head: dict[str, Any] = {
        "parentUuid": random.choice([_uuid(random)] * 9 + [None, "x", "\\" * 18, 'é"']),
        "isSidechain": random.choice([False] * 6 + [True, None]), "userType": "external",
        "cwd": random.choice(["/shop"] * 6 + ["/other", "C:\\shop", "/é", 5, None]),
        "sessionId": random.choice([SESSION] * 9 + ["another", None, 3]), "version": "2.1.37",
        "gitBranch": random.choice(["main"] * 6 + ["HEAD", "a" * 300]),
    }  # fmt: skip
    if random.random() < 0.2:
        extra = random.choice(
            [
                {"agentId": "a1"}, {"attributionSkill": "skill:one"}, {"attributionPlugin": True},
                {"attributionAgent": "explore", "agentId": "acompact-1"}, {"slug": "calm-river"},
                {"typed": "x"}, {"forkedFrom": {"messageUuid": "u-9"}}, {"session_id": "under"},
                {"costUSD": 0.25}, {"isMeta": True}, {"isCompactSummary": True}, {"promptId": "p"},
            ]
        )  # fmt: skip
        head |= extra
    return head


def _tail(random: Random) -> dict[str, Any]:
    moment = f"2026-11-23T10:{random.randrange(60):02d}:0{random.randrange(10)}.123Z"
    time = random.choice([moment] * 12 + ["2026-11-23", "x", 1_795_000_000, None, "1999-01-01", ""])
    named = random.random() < 0.9
    return {"uuid": _uuid(random), "timestamp": time} if named else {"timestamp": time}


def _uuid(random: Random) -> str:
    return f"11111111-2222-4333-8444-{random.randrange(10**12):012d}"


def _reply(random: Random, head: dict[str, Any], tail: dict[str, Any]) -> dict[str, Any]:
    tokens = {
        "input_tokens": random.randrange(4),
        "output_tokens": random.choice([0, 1, 7, 7, 500]),
    }
    message = {
        "model": random.choice([MODELS[0]] * 8 + list(MODELS)),
        "id": random.choice([MESSAGES[0]] * 9 + [*MESSAGES[1:]]) % random.randrange(3),
        "type": "message", "role": "assistant",
        "content": random.choice([[_block(random) for _ in range(random.randrange(3))], "text"]),
        "stop_reason": random.choice(STOPS), "stop_sequence": None,
        "usage": tokens | random.choice([{}, {}, *USAGES]),
    }  # fmt: skip
    request = random.choice(
        [{"requestId": f"req_{random.randrange(2)}"}] * 5 + [{}, {"requestId": 5}]
    )
    return {**head, "message": message, **request, "type": "assistant", **tail}


def _block(random: Random) -> dict[str, Any]:
    name = random.choice(["Bash", "Read", "Task", "WebSearch", "mcp__é", "", 5])
    tool = {
        "type": "tool_use", "id": f"toolu_{random.randrange(6)}", "name": name,
        "input": {"command": random.choice(COMMANDS), "subagent_type": "explore"},
    }  # fmt: skip
    return random.choice(
        [tool] * 6
        + [{"type": "text", "text": random.choice(TEXTS)}, {"type": 5}, {**tool, "id": "é"}]
    )


def _result(random: Random, head: dict[str, Any], tail: dict[str, Any]) -> dict[str, Any]:
    text = random.choice(TEXTS)
    named = {"tool_use_id": f"toolu_{random.randrange(6)}", "type": "tool_result"}
    if random.random() < 0.5:
        named = dict(reversed(named.items()))
    block = random.choice(
        [
            {**named, "content": text}, {**named, "content": text},
            {**named, "content": text, "is_error": random.choice([True, False, None, "x"])},
            {**named, "content": [{"type": "text", "text": text}]},
            {**named, "content": [[text], {"a": []}], "is_error": True},
            {"content": text * 2, **named}, {**named, "content": text, "note": text},
            {**named, "content": None},
        ]
    )  # fmt: skip
    blocks = [block] * random.choice([1, 1, 1, 1, 2])
    more: dict[str, Any] = random.choice(
        [{}, {"toolUseResult": {"stdout": "x" * 2_500}}, {"toolUseResult": {"agentId": "a7"}},
         {"toolUseResult": {"searchCount": 2}}, {"toolUseResult": "Error"}]
    )  # fmt: skip
    return {**head, "type": "user", "message": {"role": "user", "content": blocks}, **tail, **more}


def _prompt(random: Random, head: dict[str, Any], tail: dict[str, Any]) -> dict[str, Any]:
    text = random.choice(TEXTS)
    content = random.choice([text, text, [{"type": "text", "text": text}]])
    return {**head, "type": "user", "message": {"role": "user", "content": content}, **tail}


def _note(random: Random, head: dict[str, Any], tail: dict[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = random.choice(
        [
            {"type": "system", "subtype": "turn_duration", "durationMs": 5},
            {"type": "system", "subtype": "stop_hook_summary"},
            {"type": "system", "subtype": "informational", "content": "x"},
            {"type": "system", "subtype": "api_error", "retryAttempt": random.choice([1, 0, "x"])},
            {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"preTokens": 9}},
            {"type": "last-prompt", "lastPrompt": "x"},
            {"type": "pr-link", "prNumber": 5, "prUrl": "https://github.com/a/b/pull/5",
             "prRepository": "a/b"},
            {"type": "worktree-state", "worktreeSession": {"originalCwd": "/there"}},
            {"type": "assistant", "isApiErrorMessage": True, "message": {"content": []}},
            {"type": "system", "message": {"usage": {"output_tokens": 5}}, "subtype": "x"},
        ]
    )  # fmt: skip
    return {**head, **more, **tail}


def _idle(random: Random, head: dict[str, Any], tail: dict[str, Any]) -> dict[str, Any]:
    kind = random.choice(["progress", "attachment", "summary", "file-history-snapshot"])
    row = {"type": kind, "data": {"message": {"usage": {"output_tokens": 3}}}, **tail}
    return row if random.random() < 0.3 else {**head, **row}


_SWAPS = (
    (b'"output_tokens":', b'"output_tokens":-0,"x":'), (b'"output_tokens":', b'"output_tokens":-'),
    (b'"input_tokens":', b'"input_tokens":1000.0,"x":'), (b'"type":"', b'"type":null,"type":"'),
    (b'"input_tokens":', b'"input_tokens":1e400,"x":'), (b'"usage":{', b'"usage":{},"usage":{'),
    (b'"output_tokens":', b'"output_tokens":3,"output_tokens":'), (b'"id":', b'"id":null,"x":'),
    (b'"input_tokens":', b'"input_tokens":007,"x":'), (b'"type":', b'"t\\u0079pe":'),
    (b'"type":"', b'"type":"\\u0074'), (b'"tool_use"', b'"tool\\u005fuse"'), (b"shop", b"\\ud800"),
    (b"shop", b"sh\xffop"), (b"main", b"ma\xed\xa0\x80in"), (b"external", b"ex\0ternal"),
    (b"external", b"ex\tternal"), (b":{", b":{ "), (b"}}", b"}}}"), (b'message":{', b'message":[{'),
    (b'"content":[', b'"content":' + b"[" * 70), (b'"input":{', b'"input":{"a":' + b"[" * 80),
    (b'"content":[{', b'"content":[5,{'), (b'"command":', b'"_tokens":-0,"command":'),
    (b'"usage":{', b'"usage":{"_tokens":-0.5,"a":1e999,'), (b'"uuid":"', b'"uuid":"\\'),
    (b'"requestId":"', b'"requestId":"\\u00e9'), (b'"timestamp":"2026', b'"timestamp":"\\u0032026'),
    (b'"isSidechain":false', b'"isSidechain":"false"'), (b'"timestamp":"', b'"timestamp":"9'),
)  # fmt: skip


def mutated(random: Random, line: bytes) -> bytes:
    """A line that is no more quite what it was."""
    kind = random.randrange(8)
    at = random.randrange(len(line))
    if kind < 4:
        old, new = random.choice(_SWAPS)
        return line.replace(old, new, random.choice([1, 1, -1]))
    if kind == 4:
        return (
            line[:at]
            + random.choice([b"", b"\0", b"\xff", b'"', b"\\", b"{", b"5"])
            + line[at + 1 :]
        )
    if kind == 5:
        return line[:at]
    if kind == 6:
        return line + line.replace(b"msg_01", b"msg_02")
    return random.choice([b"\xef\xbb\xbf", b" ", b"\0"]) + line
