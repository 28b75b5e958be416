"""Sessions and tasks of a Python program, and what it records in them.

`with session(...)` makes a session the current one of this thread or asyncio task, and the parent
of sessions begun inside it. Nothing here raises into the caller; trouble goes to the logger
"costtop", which is silent unless the program listens to it.
"""

import contextlib
import functools
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any, ParamSpec

from costtop.client import process_sender, provider_usage
from costtop.client.line_fields import stamped

P = ParamSpec("P")
Put = Callable[[bytes], None]

_current: ContextVar["Session | None"] = ContextVar("costtop_session", default=None)
log = logging.getLogger("costtop")


def _quiet(act: Callable[P, None]) -> Callable[P, None]:
    """Whatever goes wrong in accounting is not the caller's trouble."""

    @functools.wraps(act)
    def done(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except Exception:
            log.warning("costtop: a record is lost to a bug or a bad value", exc_info=True)

    return done


class Session:
    """One run of an agent or a program. May be used as a context manager, or without."""

    def __init__(self, name: str, fields: Mapping[str, Any], put: Put | None = None) -> None:
        self.id = name
        self._fields = {key: value for key, value in fields.items() if value not in (None, "")}
        self._put = put
        self._told = False
        self._tokens: list[Token[Session | None]] = []

    @_quiet
    def record(self, *, model: str, input_tokens: int, output_tokens: int, **fields: Any) -> None:
        """One call. Counts as in INTERFACES: input contains cache reads and writes, output
        contains reasoning; other fields are those of costtop's JSON line.
        """
        counts = {"model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}
        self._send({**self._fields, **counts, **fields, "pid": os.getpid()})

    @_quiet
    def record_response(self, response: object, **fields: Any) -> None:
        """The call behind an OpenAI, Anthropic or Gemini response, an object or a dict."""
        found = provider_usage.lines_of(response)
        if not found:
            log.warning("costtop finds no usage in a %s", type(response).__name__)
        given = {key: value for key, value in fields.items() if value is not None}
        for line in found:
            told = {key: value for key, value in line.items() if value != ""}
            self._send({**self._fields, **told, **given, "pid": os.getpid()})

    def task(self, name: str) -> "Task":
        """A task of this session; nothing is said of it until it is begun or ended."""
        return Task(self, str(name))

    @_quiet
    def end(self) -> None:
        """Says that the session is over; a later record opens it again."""
        if self._told:
            self._send({"event": "session", "status": "ended"})

    def _send(self, fields: Mapping[str, Any]) -> None:
        (self._put or process_sender.post().put)(stamped({**fields, "session": self.id}))
        self._told = True

    @_quiet
    def say(self, task: str, status: str) -> None:
        """That a task of this session is started, completed, failed or aborted."""
        self._send({"event": "task", "task": task, "status": status})

    def within(self, task: str) -> "Session":
        """This session with `task` on every record."""
        return Session(self.id, {**self._fields, "task": task}, self._put)

    def inherited(self) -> dict[str, Any]:
        """What a session begun inside this one takes over."""
        return {key: self._fields[key] for key in ("feature", "user") if key in self._fields}

    def enter(self) -> "Session":
        """Makes it the current session of this thread or task."""
        self._tokens.append(_current.set(self))
        return self

    def leave(self) -> None:
        """Makes the one before it the current one again."""
        # Left in another thread or task than it was entered in: there is nothing to reset there.
        with contextlib.suppress(ValueError, IndexError):
            _current.reset(self._tokens.pop())

    def __enter__(self) -> "Session":
        return self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()
        self.end()

    async def __aenter__(self) -> "Session":
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()


class Task:
    """A piece of work in a session: what is recorded inside its context is its cost."""

    def __init__(self, session: Session, name: str) -> None:
        self.id = name
        self._session = session
        self._inner = session.within(name)

    def start(self) -> None:
        """It begins."""
        self._session.say(self.id, "started")

    def complete(self) -> None:
        """It is done."""
        self._session.say(self.id, "completed")

    def fail(self) -> None:
        """It did not work out."""
        self._session.say(self.id, "failed")

    def abort(self) -> None:
        """It was given up."""
        self._session.say(self.id, "aborted")

    def __enter__(self) -> Session:
        """The session with this task on every record."""
        self.start()
        return self._inner.enter()

    def __exit__(self, kind: object, *_: object) -> None:
        self._inner.leave()
        self.complete() if kind is None else self.fail()


def session(
    name: str | None = None,
    *,
    feature: str | None = None,
    user: str | None = None,
    task: str | None = None,
    project: str | None = None,
    parent: str | None = None,
    agent: str | None = None,
    tags: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Session:
    """A session named `name`, or by itself. Inside another one it is that one's child.

    `fields` are further ones of costtop's JSON line (provider, cwd, branch, host, ...), put on
    every record. `agent` names a subagent of the session.
    """
    given = {
        "feature": feature,
        "user": user,
        "task": task,
        "project": project,
        "agent": agent,
        "tags": dict(tags) if isinstance(tags, Mapping) else None,
        "cwd": _folder(),
        **fields,
    }
    outer = _current.get()
    chosen = str(name) if name else _own_name()
    if outer is not None:
        given = {**outer.inherited(), **_present(given)}
        parent = parent or (outer.id if outer.id != chosen else None)
    return Session(chosen, {**given, "parent": parent})


def current() -> Session:
    """The session that this thread or task is in; one that stands for the program without one."""
    return _current.get() or _program(os.getpid())


@functools.lru_cache(maxsize=1)
def _program(pid: int) -> Session:
    return Session(_own_name(), {"cwd": _folder()})


def record(*, session: str | None = None, **fields: Any) -> None:
    """One call in the current session, or in the one named; see `Session.record`."""
    _named(session).record(**fields)


def record_response(response: object, *, session: str | None = None, **fields: Any) -> None:
    """The call behind a response, in the current session or in the one named."""
    _named(session).record_response(response, **fields)


def task(name: str) -> Task:
    """A task of the current session."""
    return current().task(name)


def _named(name: str | None) -> Session:
    return current() if name is None else Session(str(name), {"cwd": _folder()})


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _own_name() -> str:
    program = os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0]
    return f"{program or 'python'}-{os.urandom(4).hex()}"


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
