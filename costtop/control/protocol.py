"""Commands and their wire form: one JSON object a line.

A command is one class here, in the union `Command`, and one `case` in `daemon.commands.obey`. A
line without "do" is a call record (INTERFACES.md, "One call as a JSON line"), acknowledged after it
is committed. Hooks load this at every turn of an agent: the classes are plain, because those of
`dataclasses` cost 20 ms of every start, and only the daemon decodes.
"""

import json
from collections.abc import Mapping
from typing import Literal, TypeVar, dataclass_transform

from costtop.errors import CosttopError

PROTOCOL = 1
LINE_LIMIT = 1 << 20  # bytes of one line, either way

MarkKind = Literal["watch", "runaway", "fine"]
Rung = Literal["INT", "TERM", "KILL"]
FarVerb = Literal["mark", "unmark", "silence", "stop", "pause", "resume", "kill"]
C = TypeVar("C")


@dataclass_transform(frozen_default=True)
def _command(form: type[C]) -> type[C]:
    """Makes a class of annotated fields a command; its `do` is what the wire calls it."""
    fields = tuple(form.__annotations__)
    defaults = {name: vars(form)[name] for name in fields if name in vars(form)}

    def begin(self: object, *given: object, **named: object) -> None:
        values = {**defaults, **dict(zip(fields, given, strict=False)), **named}
        if values.keys() != set(fields) or len(given) > len(fields):
            raise TypeError(f"{form.__name__} takes {', '.join(fields) or 'nothing'}")
        vars(self).update((name, values[name]) for name in fields)

    methods = {"__init__": begin, "__eq__": _equal, "__hash__": None, "__repr__": _shown}
    for name, value in {**methods, "__match_args__": fields}.items():
        setattr(form, name, value)
    return form


def _equal(one: object, other: object) -> bool:
    return type(one) is type(other) and vars(one) == vars(other)


def _shown(one: object) -> str:
    return f"{type(one).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(one).items())})"


@_command
class Ping:
    """Who is there: pid, version, protocol, schema."""

    do = "ping"


@_command
class Stop:
    """End the daemon cleanly."""

    do = "stop"


@_command
class Scan:
    """Read everything new from every source now, answer with counts."""

    do = "scan"


@_command
class MarkSession:
    """Say of a session that it is to be watched, runaway or fine.

    What is not given stays as it was: no `kind` is the present one ("watch" where there is none),
    no `note` the present note.
    """

    do = "mark"
    session: str
    kind: MarkKind | None = None
    note: str | None = None
    by: str = ""


@_command
class UnmarkSession:
    """Take a mark back."""

    do = "unmark"
    session: str
    by: str = ""


@_command
class Pause:
    """SIGSTOP the session's process tree; or, with `hold`, have its hook refuse until resume."""

    do = "pause"
    session: str
    by: str = ""
    typed: int | None = None  # the pid that the user typed, where the evidence is weak
    hold: bool = False


@_command
class Resume:
    """SIGCONT the session's process tree."""

    do = "resume"
    session: str
    by: str = ""
    typed: int | None = None  # the pid that the user typed, where the evidence is weak


@_command
class Kill:
    """End the session's process: a ladder of signals, up to `rung` (INT, TERM or KILL)."""

    do = "kill"
    session: str
    rung: Rung = "KILL"
    by: str = ""
    typed: int | None = None


@_command
class Plan:
    """What a kill, or a pause, of the session would do, without doing it."""

    do = "plan"
    session: str
    deed: Literal["kill", "pause"] = "kill"
    typed: int | None = None  # the pid that the user typed, where several may be it


@_command
class StopSession:
    """Soft stop: the session's hook ends its turn at the next tool, until it is spoken to."""

    do = "stop-session"
    session: str
    note: str = ""
    by: str = ""


@_command
class Override:
    """Let a spent budget, a held session ("source/session") or `everything` pass.

    For `span` ms; 0 takes an override back. What a breaker has paused meanwhile goes on.
    """

    do = "override"
    budget: str = ""
    session: str = ""
    span: int = 1_800_000
    by: str = ""
    everything: bool = False


@_command
class Hook:
    """An agent's hook or status line ran: who asked is read of the socket's other end.

    `said` is the kind of its refusal ("deny", "stop"), or of a command that passed all the same
    while its session is held back ("commit", "stage", "look", "summary"); `cost` (dollars) is
    Claude Code's own; `limits` is what it says of the windows of the plan, as JSON, `log` its
    transcript's path, and `pr` the pull request of its branch, as JSON.
    """

    do = "hook"
    source: str
    session: str
    event: str = ""
    said: str = ""
    cost: float | None = None
    limits: str = ""
    log: str = ""
    pr: str = ""


@_command
class BeginRun:
    """`costtop run` has started a command: sessions that begin below `pid` are tagged."""

    do = "run"
    id: str
    pid: int
    cwd: str = ""
    feature: str = ""
    task: str = ""
    user: str = ""


@_command
class EndRun:
    """The command of a run has ended; answered with its sessions and what they cost."""

    do = "run-end"
    id: str


@_command
class Acknowledge:
    """Someone has seen an alert: `alert` is any unique beginning of its id."""

    do = "ack"
    alert: str
    by: str = ""


@_command
class BeginSilence:
    """Do not tell of a session ("source/session"), rule, feature or budget for a while.

    For `span` ms, or until its cost has grown by `grows` per cent, or for `ever`: one of them.
    """

    do = "silence"
    session: str = ""
    rule: str = ""
    feature: str = ""
    budget: str = ""
    span: int | None = None
    grows: int | None = None
    note: str = ""
    by: str = ""
    ever: bool = False


@_command
class EndSilence:
    """End a silence before its time."""

    do = "unsilence"
    silence: int
    by: str = ""


@_command
class Reload:
    """Read the configuration again; refused, and the old one kept, where it is wrong."""

    do = "reload"


@_command
class Reprice:
    """Price every stored call anew; answers with what changed, by model."""

    do = "reprice"


@_command
class SetBudget:
    """Make a budget, or change the one of that name; written into budgets.toml.

    What is None stays as it is (of a new one: what a budget has by default).
    """

    do = "budget-set"
    name: str
    amount: str | None = None
    period: str | None = None
    tiers: tuple[int, ...] | None = None
    scope: Mapping[str, str] | None = None
    action: str | None = None
    escalate: str | None = None
    by: str = ""
    act_at: int | None = None
    excepted: Mapping[str, str] | None = None
    watch: str | None = None


@_command
class RemoveBudget:
    """Take a budget out of budgets.toml; one of config.toml is the user's to take out."""

    do = "budget-remove"
    name: str
    by: str = ""


@_command
class Backup:
    """Make a backup of the store now, beside those that are made daily."""

    do = "backup"


@_command
class Restore:
    """Build the store anew from a backup (a file's absolute path; "": the newest) and the logs."""

    do = "restore"
    file: str = ""
    by: str = ""


@_command
class Forget:
    """Delete sessions ("source/session"), or all that was up to `before` (ms UTC), for good."""

    do = "forget"
    sessions: tuple[str, ...] = ()
    before: int | None = None
    by: str = ""


@_command
class AskFar:
    """Ask for a deed on a session of another machine of the fleet, and wait for its answer.

    `session` is its key or short id there; `given` is what the verb needs besides: kind and note of
    a mark, span (ms), grows or ever of a silence, note of a stop, rung of a kill, hold of a pause.
    Answered with `state` (done, refused, expired) and `answer`, its words.
    """

    do = "ask-far"
    host: str
    far_session: str
    verb: FarVerb
    team: str = ""
    given: Mapping[str, str | int | bool] = {}
    by: str = ""


@_command
class Compact:
    """Take out the tools and minutes of sessions that ended before `before`, ms UTC."""

    do = "compact"
    before: int


Command = (
    Ping
    | Stop
    | Reload
    | Reprice
    | Backup
    | Restore
    | Forget
    | Compact
    | AskFar
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


def encode(command: Command) -> bytes:
    """The command as one line."""
    return json.dumps({"do": command.do, **vars(command)}).encode() + b"\n"


def reply(**values: object) -> bytes:
    """A good answer as one line."""
    return json.dumps({"ok": True, **values}).encode() + b"\n"


def refusal(error: CosttopError) -> bytes:
    """A refusal as one line, with the exit code a command line tool should give."""
    return json.dumps({"ok": False, "error": str(error), "code": error.exit_code}).encode() + b"\n"
