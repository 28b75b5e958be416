"""`costtop gate --agent NAME`: answers an agent's hook, yes or no, in its own dialect. Fails open.

It reads the last committed state and tells the daemon who asked; it counts nothing and parses JSON
only where it says no. It waits only where an agent whose turn it cannot end argues: a pause that is
due then comes before the next call. Whatever goes wrong, the agent goes on: exit 0.
"""

import os
import sys

from costtop.hooks import quick
from costtop.hooks.dialects import dialect_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from costtop.hooks.dialects import Dialect

_WAIT = 1.5  # s: the daemon looks at what is due twice a second


def main(arguments: list[str]) -> int:
    """Reads the hook from stdin and writes the answer; always 0."""
    neutral = ""
    try:
        dialect = dialect_of(_named(arguments))
        neutral = dialect.NEUTRAL
        text = quick.stdin()
        answer, said = _judge(dialect, text)
        argues = said == "stop" and not dialect.ENDS_TURNS
        if argues:
            neutral = answer
            _wait(dialect, text, said)
        _put(answer)
        neutral = ""
        if not argues:
            _tell(dialect, text, said)
    except (Exception, KeyboardInterrupt):
        _put(neutral)  # an odd input, an old database: never the agent's fault
    return 0


def _judge(dialect: "Dialect", text: bytes) -> tuple[str, str]:
    """(what to print, kind of the refusal, or of what is let pass all the same, or "")."""
    session = quick.word(text, "session_id", "sessionId")
    if not session:
        return dialect.NEUTRAL, ""
    db = quick.door(quick.files(os.environ)[0])
    try:
        return _verdict(db, dialect, session, text)
    finally:
        db.close()


def _verdict(db: "Connection", dialect: "Dialect", session: str, text: bytes) -> tuple[str, str]:
    from costtop.store import gating

    event, now = dialect.event(text), quick.now()
    log = quick.word(text, "transcript_path")
    found = gating.verdict(db, dialect.SOURCE, session, now, log)
    if found is None:
        return dialect.NEUTRAL, ""
    kind, why, since, lifts, key = found
    if not lifts and event in dialect.PROMPTS:
        return dialect.NEUTRAL, ""  # the user speaks again: a stop ends there
    from costtop.hooks import allowed_while_held

    passes = allowed_while_held.permitted(text, kind, fresh=now - since < gating.PATIENCE)
    asks = kind == "stop" and event in dialect.REQUESTS
    if asks and gating.argues(db, dialect.SOURCE, session, now):
        passes = "summary"
    if passes == "save":
        return dialect.NEUTRAL, ""
    if (
        passes
        and gating.spared(db, dialect.SOURCE, session, since, passes)
        < allowed_while_held.MOST[passes]
    ):
        return dialect.NEUTRAL, passes
    answer = dialect.refuse(event, kind, allowed_while_held.words(why, lifts, key))
    if answer is None:
        return dialect.NEUTRAL, ""
    return answer, "" if event in dialect.TOLD else kind


def _wait(dialect: "Dialect", text: bytes, said: str) -> None:
    """Tells first, and lets the daemon act before the agent has its answer."""
    import time

    if _tell(dialect, text, said) and dialect.event(text) not in dialect.PROMPTS:
        time.sleep(_WAIT)


def _tell(dialect: "Dialect", text: bytes, said: str) -> bool:
    """Whether a daemon has heard it."""
    session = quick.word(text, "session_id", "sessionId")
    event = dialect.event(text)
    prompt = event in dialect.PROMPTS and not said
    return bool(session) and quick.tell(
        quick.files(os.environ)[1],
        {
            "do": "hook",
            "source": dialect.SOURCE,
            "session": session,
            "event": "prompt" if prompt else event,
            "said": said,
        },
    )


def _named(arguments: list[str]) -> str:
    """The agent's name in `--agent NAME` or `--agent=NAME`."""
    for index, argument in enumerate(arguments):
        if argument == "--agent":
            return arguments[index + 1]
        if argument.startswith("--agent="):
            return argument[8:]
    return ""


def _put(answer: str) -> None:
    if answer:
        quick.put(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
