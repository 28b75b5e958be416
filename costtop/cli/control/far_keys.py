"""What the keys of a fleet's screen ask: of sessions of other machines, in the commands of any.

A session there is "SOURCE/HOST:SESSION"; what is about none of them the local daemon does.
"""

from typing import Any

from costtop.cli.control import far_deeds
from costtop.control import client, protocol
from costtop.errors import CosttopError, UsageError
from costtop.paths import Paths
from costtop.text import clean


def asks(command: protocol.Command) -> str:
    """What to say while another machine is asked; "" where none is."""
    far = order_of(command)
    return f"asked {clean(far.host, 200)}: {far.verb}; it answers or lets it be" if far else ""


def act(found: Paths, command: protocol.Command) -> dict[str, Any]:
    """The answer, as a daemon's; raises CosttopError where the other machine did not do it."""
    far = order_of(command)
    if far is None:
        return client.ask(found, command)
    answer = client.ask(found, far, far_deeds.PATIENCE)
    state, words = str(answer["state"]), str(answer["answer"])
    if state != "done":
        raise CosttopError(far_deeds.said(far.host, state, words))
    return {"said": [f"{clean(far.host, 200)}: done: {words}"]}


def order_of(command: protocol.Command) -> protocol.AskFar | None:
    """A command as it is asked of another machine; None where it is about no session of one."""
    session = getattr(command, "session", "")
    far = far_deeds.address(session) if isinstance(session, str) else None
    asked = _verb(command) if far else None
    if far is None or asked is None:
        return None
    verb, given = asked
    told = {name: value for name, value in given.items() if value is not None}
    by = str(getattr(command, "by", ""))
    return protocol.AskFar(far.host, far.session, verb, team=far.team, given=told, by=by)


def _verb(command: protocol.Command) -> tuple[protocol.FarVerb, dict[str, Any]] | None:
    """(verb, what it needs besides) of a command about a session."""
    if getattr(command, "typed", None) is not None:
        raise UsageError("a pid is of this machine: the other one knows its own")
    match command:
        case protocol.MarkSession(_, kind, note):
            return "mark", {"kind": kind, "note": note}
        case protocol.UnmarkSession():
            return "unmark", {}
        case protocol.BeginSilence(span=span, grows=grows, note=note, ever=ever):
            return "silence", {"span": span, "grows": grows, "ever": ever, "note": note or None}
        case protocol.StopSession(_, note):
            return "stop", {"note": note or None}
        case protocol.Pause(hold=hold):
            return "pause", {"hold": hold}
        case protocol.Resume():
            return "resume", {}
        case protocol.Kill(_, rung):
            return "kill", {"rung": rung}
    return None
