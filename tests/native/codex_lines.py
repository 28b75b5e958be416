"""Rollouts as hypothesis makes them: regular records, odd ones, spoilt ones, in any order."""

import json

from hypothesis import strategies as st

ID = "019f9000-0000-7000-8000-00000000000"
TURNS = ["", None, f"{ID}5", f"{ID}6", "turn-1", "é", 'a"b', 7, "x" * 201]
PATHS = [f"/home/a/.codex/sessions/2026/rollout-2026-11-20T10-00-00-{ID}1.jsonl", "/x/log.jsonl"]
AT = "2026-11-20T10:00:{:02}.{:03}Z"
TIMES = [AT.format(n, n * 7) for n in range(6)] + [
    "2026-11-20T10:00:09Z",
    "2026-11-20 10:00:09.1234567+02:00",
    "1970-01-01T00:00:00Z",
    "2099-01-01T00:00:00.000Z",
    "yesterday",
    "",
    1_795_000_000,
    None,
    "2026-02-30T10:00:00.000Z",
]
COUNTS = [0, 1, 7, 100, 2000, 10**9, 10**9 + 1, 10**17, -1, None, 1.0, 1.5, True, "12"]
LIMITS = [
    None,
    {},
    3,
    {"primary": {"used_percent": 1.0, "window_minutes": 300, "resets_at": 1795000000}},
    {"primary": {"used_percent": 2.0, "window_minutes": 300, "resets_in_seconds": 5}},
    {
        "primary": {"used_percent": 1.5, "window_minutes": 10080},
        "limit_id": "é",
        "plan_type": "pro",
    },
]
SAID = [
    "fine",
    "Exit code 1",
    "exited with code: 0",
    "Exited with code  3",
    'exit_code":1',
    "exit code",
    'exit_code\\":  -2',
    "xit",
    "exit_code",
    '"success": false',
    '"success":true',
    "é日本語",
    "\n",
    "execution error: no",
    "failed to do it",
    "Error: it is not",
    "x" * 500,
    "0123 deadbeef",
    "/tmp/x",
    '{"output":"it broke","metadata":{"exit_code":1}}',
    "\ud800",
    "\x7f",
    "\t",
    "Exit code:\f-9",
]
NAMES = ["exec_command", "", None, "shell", "é", "x" * 200, "x" * 201, 5, "a\tb"]

often = st.sampled_from
usages = st.one_of(
    st.fixed_dictionaries(
        {"input_tokens": often([100, 2000]), "output_tokens": often([7, 10])},
        optional={
            name: often([0, 1, 7, None])
            for name in (
                "cached_input_tokens",
                "cache_write_input_tokens",
                "reasoning_output_tokens",
            )
        },
    ),
    st.dictionaries(
        often(["input_tokens", "output_tokens", "total_tokens", "other"]), often(COUNTS)
    ),
    often([None, 3, []]),
)
infos = st.one_of(
    st.fixed_dictionaries(
        {"total_token_usage": usages, "last_token_usage": usages},
        optional={"model": often(NAMES), "model_context_window": often(COUNTS)},
    ),
    often([None, {}, []]),
)
outputs = st.lists(often(SAID), max_size=8).map("".join) | often([None, 5, {"a": [1]}, ["é"]])
calls = often(["call_1", "call_2", "call_3", "", None, "é", "call_1\u200b"])
items = st.fixed_dictionaries(
    {
        "type": often(
            [
                "function_call",
                "function_call_output",
                "custom_tool_call",
                "local_shell_call",
                "custom_tool_call_output",
                "message",
                "reasoning",
                "other_output",
                None,
            ]
        )
    },
    optional={
        "call_id": calls,
        "name": often(NAMES),
        "arguments": outputs,
        "input": outputs,
        "action": outputs,
        "output": outputs,
        "id": often(NAMES),
    },
)
plain_items = st.one_of(
    st.fixed_dictionaries(
        {
            "type": often(["function_call", "custom_tool_call"]),
            "name": often(NAMES),
            "arguments": outputs,
            "call_id": often(["call_1", "call_2", "call_3"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": often(["function_call_output", "custom_tool_call_output"]),
            "call_id": often(["call_1", "call_2", "call_3"]),
            "output": outputs,
        }
    ),
)
counted = st.fixed_dictionaries(
    {"type": often(["token_count"]), "info": infos},
    optional={"rate_limits": often(LIMITS), "model": often(NAMES)},
)
told = st.fixed_dictionaries(
    {
        "type": often(
            [
                "task_started",
                "turn_started",
                "task_complete",
                "turn_complete",
                "turn_aborted",
                "exec_command_end",
                "patch_apply_end",
                "agent_message",
                "user_message",
                "odd",
                "account/rateLimits/updated",
                "thread_settings_applied",
                None,
            ]
        )
    },
    optional={
        "turn_id": often(TURNS),
        "error": often([None, {}, "no", 0]),
        "call_id": calls,
        "exit_code": often([0, 1, -1, True, None, 0.0]),
        "success": often([True, False, None]),
        "thread_settings": often([{"service_tier": "fast", "model": "gpt-6"}, None, 3]),
        "rate_limits": often(LIMITS),
    },
)
contexts = st.fixed_dictionaries(
    {}, optional={"turn_id": often(TURNS), "cwd": often(NAMES), "model": often(NAMES)}
)
requests = st.fixed_dictionaries(
    {"usage": usages},
    optional={
        "thread_token_usage": usages,
        "turn_id": often(TURNS),
        "thread_id": often(TURNS),
        "response_id": often(["resp_1", "resp_" + "a1b2c3d4" * 4, "", None, "é"]),
        "model": often(NAMES),
    },
)
metas = st.fixed_dictionaries(
    {"id": often([f"{ID}1", f"{ID}2", "short", None])},
    optional={
        "forked_from_id": often([f"{ID}3", None]),
        "cwd": often(NAMES),
        "source": often(["cli", {"subagent": {"thread_spawn": {"parent_thread_id": f"{ID}4"}}}]),
    },
)
payloads = st.one_of(
    st.tuples(st.just("response_item"), plain_items),
    st.tuples(st.just("event_msg"), counted),
    st.tuples(st.just("response_item"), items),
    st.tuples(st.just("event_msg"), told),
    st.tuples(st.just("turn_context"), contexts),
    st.tuples(st.just("session_meta"), metas),
    st.tuples(st.just("token_usage_record"), requests),
    st.tuples(often(["compacted", "event_msg", None, "é", "turn_context"]), often([None, {}, 3])),
)
times = often(TIMES[:6]) | often(TIMES)
SPACED = [(",", ":"), (", ", ": "), (" ,\t", " :\r")]


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """One line: a record, spoilt or not."""
    kind, payload = draw(payloads)
    record = {"timestamp": draw(times), "type": kind, "payload": payload}
    if draw(st.integers(0, 9)) == 0:
        record = dict(reversed(record.items())) | {"more": [payload]}
    separators = draw(often(SPACED)) if draw(st.integers(0, 3)) == 0 else SPACED[0]
    ascii_only = draw(st.booleans())
    text = json.dumps(record, separators=separators, ensure_ascii=ascii_only)
    line = bytearray(text.encode("utf-8", "surrogatepass"))
    if draw(st.integers(0, 5)) == 0:
        at = draw(st.integers(0, len(line)))
        line[at : at + draw(st.integers(0, 3))] = draw(
            often(
                [
                    b"",
                    b'"',
                    b"\\",
                    b"{",
                    b"}",
                    b"]",
                    b",",
                    b"\n",
                    b"\r",
                    b" ",
                    b"-0",
                    b"\xff",
                    b'"type":"x",',
                    b"\\u0041",
                    b"\\ud83d",
                    b"}{",
                    b"1e9",
                    b"\0",
                    b"0",
                    b"null",
                ]
            )
        )
    return bytes(line)


logs = st.lists(lines(), max_size=24).map(lambda found: b"\n".join([*found, b""]))
