"""Starting fast: what hooks import, where they look, how they read one field without a parser."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import paths
from costtop.hooks import quick
from costtop.sources.claude import status_limits

# Each costs an agent milliseconds at every tool call; json and re alone a fifth of the budget.
SLOW = {
    "argparse", "asyncio", "collections", "costtop.cli", "costtop.model", "dataclasses", "datetime",
    "decimal", "functools", "json", "logging", "msgspec", "pathlib", "platformdirs", "re", "socket",
    "sqlite3", "subprocess", "typing", "zoneinfo", "textual", "apprise", "genai_prices",
}  # fmt: skip
PROMPT = '{"session_id": "s", "hook_event_name": "PreToolUse", "tool_name": "Read"}'


@pytest.mark.parametrize("command", [["gate", "--agent", "claude-code"], ["statusline"]])
def test_a_hook_imports_nothing_slow(command):
    spy = f"""
import os, sys
sys.path.insert(0, {os.environ["PYTHONPATH"]!r})
end = os._exit
os._exit = lambda code: (print(*sys.modules, file=sys.stderr), end(code))
sys.argv = {["costtop", *command]!r}
from costtop.__main__ import main
main()
"""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", spy],
        input=PROMPT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stderr.split())
    assert "costtop.hooks.quick" in loaded
    assert not loaded & SLOW


def test_what_sqlite_is_lent_is_taken_back():
    code = (
        "from costtop.hooks import quick; db = quick.door('/dev/null');"
        " print(db.execute('SELECT 1').fetchone()[0]);"
        " import functools; print(functools.partial(int, '2')())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "2"]


@pytest.mark.parametrize(
    "environ",
    [
        {"COSTTOP_HOME": "/srv/costtop"},
        {"COSTTOP_HOME": "~/ct"},
        {"COSTTOP_HOME": "relative/folder"},
        {"COSTTOP_HOME": "/srv/" + "a" * 120},
        {"HOME": "/home/ana"},
        {"HOME": "/home/ana", "XDG_STATE_HOME": "/state", "XDG_CONFIG_HOME": "/config"},
        {"HOME": "/home/ana", "XDG_RUNTIME_DIR": "/tmp"},
        {"HOME": "/home/ana", "XDG_RUNTIME_DIR": "/no/such/folder"},
    ],
)
def test_hooks_look_where_everything_else_does(environ, monkeypatch):
    for name in ("COSTTOP_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = paths.find()
    expected = (str(found.database), str(found.lock), str(found.line))
    assert quick.files(os.environ) == expected


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (b"4242\n/run/user/1000/costtop/costtop.sock\n", 0o600),
        (b"4242\n/run/user/1000/costtop/costtop.sock\n", 0o622),
        (b"4242\n/tmp/\xff/costtop.sock\n", 0o600), (b"4242\n", 0o600), (b"", 0o600),
        (b"4242\nrelative/costtop.sock\n", 0o600), (b"x\n/a/costtop.sock\n", 0o600),
        (b"7\n/a\0b\n", 0o600), (b"7\n/a/costtop.sock\nmore\n", 0o644),
    ],
)  # fmt: skip
def test_hooks_read_of_a_lock_file_what_everything_else_does(tmp_path, text, mode):
    lock = tmp_path / "costtop.lock"
    lock.write_bytes(text)
    lock.chmod(mode)
    said = paths.told(lock)
    assert quick._told(str(lock)) == (said.pid, str(said.socket or ""))
    link = tmp_path / "link"
    link.symlink_to(lock)
    assert quick._told(str(link)) == (0, "") and paths.told(link) == paths.Told()


_FIELDS = st.dictionaries(
    st.text(max_size=8), st.one_of(st.text(), st.integers(), st.booleans(), st.none()), max_size=5
)


@given(_FIELDS, st.text(alphabet=st.characters(categories=["Ll", "Nd"], include_characters="-_")),
       st.booleans())  # fmt: skip
def test_a_field_is_found_as_a_parser_finds_it(more, session, spaced):
    tree = {"session_id": session, "x": {"tool_input": more}, "text": '"session_id":"forged"'}
    text = json.dumps(tree, indent=2 if spaced else None).encode()
    if session.isascii():
        assert quick.word(text, "session_id") == session


def test_a_key_inside_a_string_is_no_key():
    text = json.dumps({"prompt": '"session_id": "forged"', "session_id": "mine"}).encode()
    assert quick.word(text, "session_id") == "mine"


@pytest.mark.parametrize(
    ("text", "found"),
    [(b'{"c": {"total": 1.25}}', 1.25), (b'{"total" : 3}', 3.0), (b'{"total":-1e-3}', -0.001),
     (b'{"total": null}', None), (b"{}", None), (b'{"total": "7"}', None), (b'{"total":', None)],
)  # fmt: skip
def test_a_number_is_read_or_is_none(text, found):
    assert quick.number(text, "total") == found


@given(st.text())
def test_text_is_quoted_as_json(text):
    assert json.loads(quick.quoted(text)) == text


def test_help_is_still_there():
    for command in ("gate", "statusline", "hooks"):
        ran = subprocess.run([sys.executable, "-P", "-m", "costtop", command, "--help"],
                             capture_output=True, text=True, check=True)  # fmt: skip
        assert f"costtop {command}" in ran.stdout


PLANS = [
    ({"five_hour": {"used_percentage": 12.5, "resets_at": 1}, "seven_day": {"used_percentage": 40}},
     (12.5, 40.0)),
    ({"seven_day": {"used_percentage": 40}}, (None, 40.0)),
    ({"five_hour": None, "seven_day": {"used_percentage": 40}}, (None, 40.0)),
    ({"five_hour": {}, "seven_day": {"used_percentage": 40}}, (None, 40.0)),
    ({"five_hour": {"resets_at": 1}, "seven_day": {"used_percentage": None}}, (None, None)),
    ({}, (None, None)), (None, (None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "expected"), PLANS)
@pytest.mark.parametrize("first", [True, False], ids=["window first", "limits first"])
def test_the_context_windows_percentage_is_no_limit_of_a_plan(limits, expected, first):
    window = {"context_window": {"used_percentage": 66, "size": 200_000}}
    plan = {"rate_limits": limits}
    told = {"session_id": "s", **window, **plan} if first else {"session_id": "s", **plan, **window}
    for text in (json.dumps(told).encode(), json.dumps(told, indent=2).encode()):
        told = status_limits.told(quick.part(text, "rate_limits"), "", 1)
        found = {reading.minutes: reading.used for reading in told}
        assert (found.get(300), found.get(10080)) == expected


def test_a_status_line_without_limits_says_of_none():
    text = b'{"session_id": "s", "context_window": {"used_percentage": 66}}'
    assert quick.part(text, "rate_limits") == ""
