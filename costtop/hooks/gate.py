"""`costtop gate --agent NAME`: answers an agent's hook, yes or no, in its own dialect. Fails open.

It reads the last committed state and tells the daemon who asked; it never waits for it, counts
nothing and parses JSON only where it says no. Whatever goes wrong, the agent goes on: exit 0.
"""

import os
import sys

from costtop.hooks import quick
from costtop.hooks.dialects import dialect_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from costtop.hooks.dialects import Dialect


def main(arguments: list[str]) -> int:
    """Reads the hook from stdin and writes the answer; always 0."""
    neutral = ""
    try:
        dialect = dialect_of(_named(arguments))
        neutral = dialect.NEUTRAL
        text = quick.stdin()
        answer, said = _judge(dialect, text)
        _put(answer)
        neutral = ""
        _tell(dialect, text, said)
    except Exception:
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
    found = gating.verdict(db, dialect.SOURCE, session, now)
    if found is None:
        return dialect.NEUTRAL, ""
    kind, why, since, lifts, key = found
    if not lifts and event in dialect.PROMPTS:
        return dialect.NEUTRAL, ""  # the user speaks again: a stop ends there
    from costtop.hooks import spare

    passes = spare.permitted(text, kind, fresh=now - since < gating.PATIENCE)
    asks = kind == "stop" and event in dialect.REQUESTS
    if asks and gating.argues(db, dialect.SOURCE, session, now):
        passes = "summary"
    if passes == "save":
        return dialect.NEUTRAL, ""
    if passes and gating.spared(db, dialect.SOURCE, session, since, passes) < spare.MOST[passes]:
        return dialect.NEUTRAL, passes
    answer = dialect.refuse(event, kind, spare.words(why, lifts, key))
    if answer is None:
        return dialect.NEUTRAL, ""
    return answer, "" if event in dialect.TOLD else kind


def _tell(dialect: "Dialect", text: bytes, said: str) -> None:
    session = quick.word(text, "session_id", "sessionId")
    if session:
        event = dialect.event(text)
        prompt = event in dialect.PROMPTS and not said
        quick.tell(
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
