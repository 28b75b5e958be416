"""A scripted agent that burns money: real logs, real hooks, no model, three minutes at most.

Copied to a file named `claude` or `codex`, whose command line it then has. Words: session=ID ·
calls=N · every=SECONDS (of one request) · told=no (no sessions/<pid>.json) · argue=yes (goes on
asking the model when a tool is denied) · then=COMMAND (run once by its own shell, as a tool) ·
deaf=yes (what a hook says changes nothing) · go=PATH (that command waits for this file) ·
stubborn=yes (ignores SIGINT and SIGTERM) · trust=yes (its user has trusted the hooks of Codex,
which runs none before) · paced=yes (a call begins when costtop has judged the one before: what
counts is the order, however slow the machine is). One call costs $0.025 as Claude Code, $0.02 as
Codex. As the real ones were seen to do (scripts/real_agents): Claude Code, interrupted at a tool,
sends one more request before it ends; a request that failed and was tried again leaves nothing in
either's log. Prints a line for whatever it does: call N · denied · stopped · blocked ·
tool CODE · idle.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

KIND = Path(__file__).name
WORDS = dict(word.split("=", 1) for word in sys.argv[1:])
HOME = Path(os.environ["HOME"])
SESSION = WORDS["session"]


def say(text: str) -> None:
    print(text, flush=True)


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Claude:
    """Writes a transcript that it does not hold open, and says which process it is."""

    settings = HOME / ".claude/settings.json"

    def __init__(self) -> None:
        self.log = HOME / f".claude/projects/-work/{SESSION}.jsonl"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if WORDS.get("told") != "no":
            with open("/proc/self/stat") as file:
                start = file.read().rpartition(")")[2].split()[19]
            about = {"pid": os.getpid(), "sessionId": SESSION, "cwd": os.getcwd(),
                     "startedAt": int(time.time() * 1000), "procStart": start,
                     "kind": "interactive"}  # fmt: skip
            (HOME / ".claude/sessions").mkdir(exist_ok=True)
            (HOME / f".claude/sessions/{os.getpid()}.json").write_text(json.dumps(about))

    def write(self, number: int) -> None:
        usage = {"input_tokens": 0, "output_tokens": 1000, "cache_read_input_tokens": 0,
                 "cache_creation_input_tokens": 0}  # fmt: skip
        tool = {"type": "tool_use", "id": f"toolu_{SESSION}_{number}", "name": "Bash",
                "input": {"command": f"make step-{number}"}}  # fmt: skip
        message = {"id": f"msg_{SESSION}_{number}", "type": "message", "role": "assistant",
                   "model": "claude-opus-4-6", "content": [tool], "stop_reason": "tool_use",
                   "usage": usage}  # fmt: skip
        record = {"type": "assistant", "uuid": f"{SESSION}-{number}", "sessionId": SESSION,
                  "requestId": f"req_{SESSION}_{number}", "timestamp": stamp(),
                  "version": "2.1.200", "cwd": os.getcwd(), "message": message}  # fmt: skip
        with open(self.log, "a") as file:
            file.write(json.dumps(record) + "\n")

    def judge(self, answer: dict) -> str:
        if answer.get("continue") is False:
            return "stopped"
        if answer.get("decision") == "block":
            return "blocked"
        own = answer.get("hookSpecificOutput", {})
        return "denied" if own.get("permissionDecision") == "deny" else ""


class Codex:
    """Holds its rollout open; a hook's `continue` is an error to it, and the tool runs."""

    settings = HOME / ".codex/hooks.json"

    def __init__(self) -> None:
        now = datetime.now(UTC)
        name = f"rollout-{now:%Y-%m-%dT%H-%M-%S}-{SESSION}.jsonl"
        folder = HOME / f".codex/sessions/{now:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        self.file = open(folder / name, "a")  # noqa: SIM115  (as long as it lives)
        self.total = 0
        self.record("session_meta", {"id": SESSION, "cwd": os.getcwd(), "source": "cli",
                                     "originator": "cli", "cli_version": "0.140.0"})  # fmt: skip
        self.record("turn_context", {"turn_id": "t1", "cwd": os.getcwd(), "model": "gpt-5.6-sol"})

    def record(self, kind: str, payload: dict) -> None:
        line = {"timestamp": stamp(), "type": kind, "payload": payload}
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def write(self, number: int) -> None:
        self.total += 1000
        last, total = ({"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": tokens,
                        "reasoning_output_tokens": 0, "total_tokens": tokens}
                       for tokens in (1000, self.total))  # fmt: skip
        self.record("response_item", {"type": "function_call", "name": "exec_command",
                                      "arguments": json.dumps({"cmd": f"make step-{number}"}),
                                      "call_id": f"call_{number}"})  # fmt: skip
        info = {"total_token_usage": total, "last_token_usage": last}
        self.record("event_msg", {"type": "token_count", "info": info})

    def judge(self, answer: dict) -> str:
        if set(answer) - {"hookSpecificOutput", "systemMessage"}:
            return ""  # an error of the hook: the tool runs
        own = answer.get("hookSpecificOutput", {})
        deny = own.get("permissionDecision") == "deny" and own.get("permissionDecisionReason")
        return "denied" if deny else ""


def ask(agent: Claude | Codex, event: str, **fields: object) -> str:
    """What the installed hooks say of an event: "", denied, stopped or blocked."""
    if isinstance(agent, Codex) and WORDS.get("trust") != "yes":
        return ""
    try:
        groups = json.loads(agent.settings.read_text())["hooks"].get(event, [])
    except OSError:
        return ""
    given = json.dumps({"session_id": SESSION, "hook_event_name": event, "cwd": os.getcwd(),
                        **fields})  # fmt: skip
    for command in [hook["command"] for group in groups for hook in group["hooks"]]:
        ran = subprocess.run(["/bin/sh", "-c", command], input=given, capture_output=True,
                             text=True, timeout=120, check=False)  # fmt: skip
        if ran.returncode == 2:
            return "denied"
        said = agent.judge(json.loads(ran.stdout)) if ran.stdout.strip() else ""
        if said:
            return said
    return ""


def tool(agent: Claude | Codex, command: str) -> str:
    """Asks to use the shell, and uses it."""
    said = ask(agent, "PreToolUse", tool_name="Bash", tool_input={"command": command})
    if said or command.startswith("make"):
        return said
    while "go" in WORDS and not Path(WORDS["go"]).exists():
        time.sleep(0.02)
    polite = isinstance(agent, Claude) and WORDS.get("stubborn") != "yes"
    before = {
        number: signal.signal(number, lambda *_: resend(agent))
        for number in (signal.SIGINT, signal.SIGTERM)
        if polite
    }
    name = "CLAUDE_CODE_SESSION_ID" if isinstance(agent, Claude) else "CODEX_THREAD_ID"
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False,
                         env={**os.environ, name: SESSION})  # fmt: skip
    for number, handler in before.items():
        signal.signal(number, handler)
    say(f"tool {ran.returncode} {(ran.stdout + ran.stderr).strip().splitlines()[-1:]}")
    return ""


def resend(agent: Claude | Codex) -> None:
    """One more request with all the context, which tells the model of the interruption."""
    agent.write(9999)
    say("call 9999")
    os._exit(130)


def wait_until_judged(number: int) -> None:
    """Until costtop has judged so many calls, with all that follows from them."""
    judged = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'watched'"
    path = Path(os.environ["COSTTOP_HOME"]) / "costtop.db"
    while True:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            if db.execute(judged).fetchone()[0] >= number:
                return
        time.sleep(0.02)


def turn(agent: Claude | Codex) -> str:
    """One turn: call after call until the work, or the patience of somebody, ends."""
    if ask(agent, "UserPromptSubmit", prompt="burn money") == "blocked":
        return "blocked"
    for number in range(1, int(WORDS.get("calls", 1000)) + 1):
        time.sleep(float(WORDS.get("every", 0.3)))  # the model thinks
        agent.write(number)
        say(f"call {number}")
        if WORDS.get("paced") == "yes":
            wait_until_judged(number)
        deaf = WORDS.get("deaf") == "yes"
        said = tool(agent, WORDS["then"] if number == 2 and "then" in WORDS else f"make {number}")
        if (said == "stopped" and not deaf) or (said and WORDS.get("argue") != "yes"):
            return said
        if said:
            say(said)
    return "done"


signal.alarm(180)
if WORDS.get("stubborn") == "yes":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
say(turn(Claude() if KIND == "claude" else Codex()))
if WORDS.get("exit") == "yes":
    sys.exit(0)
say("idle")
while True:
    signal.pause()
