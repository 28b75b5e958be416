"""Commands and their wire form: one JSON object a line, pure. It opens no socket.

A command is one dataclass here and one `case` in `daemon.commands.obey`. A line without "do" is
a call record (INTERFACES.md, "One call as a JSON line"), acknowledged after it is committed.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from costtop.errors import CosttopError, UsageError

PROTOCOL = 1
LINE_LIMIT = 1 << 20  # bytes of one line, either way

MarkKind = Literal["watch", "runaway", "fine"]


@dataclass(frozen=True, slots=True)
class Ping:
    """Who is there: pid, version, protocol, schema."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the daemon cleanly."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Read everything new from every source now, answer with counts."""


@dataclass(frozen=True, slots=True)
class MarkSession:
    """Say of a session that it is to be watched, runaway or fine."""

    session: str
    kind: MarkKind = "watch"
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class UnmarkSession:
    """Take a mark back."""

    session: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """SIGSTOP the session's process tree."""

    session: str
    by: str = ""
    typed: int | None = None  # the pid that the user typed, where the evidence is weak


@dataclass(frozen=True, slots=True)
class Resume:
    """SIGCONT the session's process tree."""

    session: str
    by: str = ""
    typed: int | None = None  # the pid that the user typed, where the evidence is weak


@dataclass(frozen=True, slots=True)
class Kill:
    """End the session's process: a ladder of signals, up to `rung` (INT, TERM or KILL)."""

    session: str
    rung: Literal["INT", "TERM", "KILL"] = "KILL"
    by: str = ""
    typed: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a kill, or a pause, of the session would do, without doing it."""

    session: str
    deed: Literal["kill", "pause"] = "kill"


@dataclass(frozen=True, slots=True)
class StopSession:
    """Soft stop: the session's hook ends its turn at the next tool, until it is spoken to."""

    session: str
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Let a spent budget, a held session ("source/session") or, with neither, everything pass.

    For `span` ms; 0 takes an override back. What a breaker has paused meanwhile goes on.
    """

    budget: str = ""
    session: str = ""
    span: int = 1_800_000
    by: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """An agent's hook or status line ran: who asked is read of the socket's other end.

    `said` is the kind of its refusal ("deny", "stop"); `cost` (dollars) and the per cents of the
    plan's limits are Claude Code's own.
    """

    source: str
    session: str
    event: str = ""
    said: str = ""
    cost: float | None = None
    five_hour: float | None = None
    seven_day: float | None = None


@dataclass(frozen=True, slots=True)
class BeginRun:
    """`costtop run` has started a command: sessions that begin below `pid` are tagged."""

    id: str
    pid: int
    cwd: str = ""
    feature: str = ""
    task: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class EndRun:
    """The command of a run has ended; answered with its sessions and what they cost."""

    id: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Someone has seen an alert: `alert` is any unique beginning of its id."""

    alert: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class BeginSilence:
    """Do not tell of a session ("source/session"), rule, feature or budget for a while.

    For `span` ms, or until its cost has grown by `grows` per cent, or until it is ended.
    """

    session: str = ""
    rule: str = ""
    feature: str = ""
    budget: str = ""
    span: int | None = None
    grows: int | None = None
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class EndSilence:
    """End a silence before its time."""

    silence: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the configuration again; refused, and the old one kept, where it is wrong."""


@dataclass(frozen=True, slots=True)
class Reprice:
    """Price every stored call anew; answers with what changed, by model."""


@dataclass(frozen=True, slots=True)
class SetBudget:
    """Make a budget, or change the one of that name; written into budgets.toml."""

    name: str
    amount: str
    period: str = "day"
    tiers: tuple[int, ...] = (50, 80, 100)
    scope: dict[str, str] = field(default_factory=dict)
    action: str = "notify"
    by: str = ""


@dataclass(frozen=True, slots=True)
class RemoveBudget:
    """Take a budget out of budgets.toml; one of config.toml is the user's to take out."""

    name: str
    by: str = ""


Command = (
    Ping
    | Stop
    | Reload
    | Reprice
    | SetBudget
    | RemoveBudget
    | Scan
    | MarkSession
    | UnmarkSession
    | Pause
    | Resume
    | Kill
    | Plan
    | StopSession
    | Override
    | Hook
    | BeginRun
    | EndRun
    | Acknowledge
    | BeginSilence
    | EndSilence
)

COMMANDS: dict[str, type[Command]] = {
    "ping": Ping,
    "stop": Stop,
    "reload": Reload,
    "reprice": Reprice,
    "budget-set": SetBudget,
    "budget-remove": RemoveBudget,
    "scan": Scan,
    "mark": MarkSession,
    "unmark": UnmarkSession,
    "pause": Pause,
    "resume": Resume,
    "kill": Kill,
    "plan": Plan,
    "stop-session": StopSession,
    "override": Override,
    "hook": Hook,
    "run": BeginRun,
    "run-end": EndRun,
    "ack": Acknowledge,
    "silence": BeginSilence,
    "unsilence": EndSilence,
}
_VERBS = {command: verb for verb, command in COMMANDS.items()}


def encode(command: Command) -> bytes:
    """The command as one line."""
    return json.dumps({"do": _VERBS[type(command)], **asdict(command)}).encode() + b"\n"


def decode(tree: dict[str, Any]) -> Command:
    """The command in a decoded line; raises UsageError naming what is wrong."""
    verb = tree.get("do")
    command = COMMANDS.get(verb) if isinstance(verb, str) else None
    if command is None:
        raise UsageError(f"unknown command {verb!r}; one of {', '.join(COMMANDS)}")
    import msgspec

    try:
        return msgspec.convert({k: v for k, v in tree.items() if k != "do"}, command)
    except msgspec.ValidationError as error:
        raise UsageError(f"{verb}: {error}") from None


def reply(**values: object) -> bytes:
    """A good answer as one line."""
    return json.dumps({"ok": True, **values}).encode() + b"\n"


def refusal(error: CosttopError) -> bytes:
    """A refusal as one line, with the exit code a command line tool should give."""
    return json.dumps({"ok": False, "error": str(error), "code": error.exit_code}).encode() + b"\n"
