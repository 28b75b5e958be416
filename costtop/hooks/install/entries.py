"""costtop's entries in the text of an agent's settings: put in, found, taken out. Pure.

Everything else in the text stays byte for byte: the user's own hooks, comments and status line,
which goes on inside ours.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from costtop.errors import CosttopError
from costtop.hooks.install.jsonc import Edit, Node, added, edited, parse, removed

_GATE = " gate --agent "
_LINE = " statusline"


class Odd(CosttopError):
    """The settings are JSON, but not as the agent's documentation has them."""


def with_hooks(text: str, entries: Mapping[str, Any]) -> str:
    """The text with an entry more for each event; raises NotJson or Odd."""
    if not parse_root(text).members.get("hooks"):
        text = edited(text, [added(text, parse_root(text), {}, "hooks")])
    for event, entry in entries.items():
        hooks = _object(parse_root(text).members["hooks"], "hooks")
        if event in hooks.members:
            listed = hooks.members[event]
            if not isinstance(listed.plain, list):
                raise Odd(f'"hooks"."{event}" is not a list')
            text = edited(text, [added(text, listed, entry)])
        else:
            text = edited(text, [added(text, hooks, [entry], event)])
    return text


def with_line(text: str, command: str) -> str:
    """The text with our status line around the user's own."""
    root = parse_root(text)
    known = root.members.get("statusLine")
    if known is None:
        line = {"type": "command", "command": command}
        return edited(text, [added(text, root, line, "statusLine")])
    own = _object(known, "statusLine").members.get("command")
    if own is None or not isinstance(own.plain, str):
        raise Odd('"statusLine" has no "command"')
    return edited(text, [Edit(own.start, own.end, _quoted(_wrapped(command, own.plain)))])


def without(text: str) -> str:
    """The text without anything of ours; the same text where nothing is."""
    while (edit := _first(text, parse_root(text))) is not None:
        text = edited(text, [edit])
    return text


def found(text: str) -> list[str]:
    """Our commands in the text, the gate's first."""
    root = parse_root(text)
    hooks = root.members.get("hooks")
    events = hooks.members.values() if hooks else ()
    gates = [
        command for event in events for entry in event.items for command in _commands(entry.plain)
    ]
    line = _line_of(root)
    return [one for one in gates if _GATE in one] + ([line.plain] if line else [])


def parse_root(text: str) -> Node:
    """The settings' object; raises NotJson or Odd."""
    root = parse(text)
    if not isinstance(root.plain, dict):
        raise Odd("it holds no object")
    return root


def _object(node: Node, name: str) -> Node:
    if not isinstance(node.plain, dict):
        raise Odd(f'"{name}" is not an object')
    return node


def _first(text: str, root: Node) -> Edit | None:
    """The next edit that takes something of ours away."""
    hooks = root.members.get("hooks")
    for event, listed in hooks.members.items() if hooks else ():
        for entry in listed.items:
            ours = [one for one in _commands(entry.plain) if _GATE in one]
            if ours and len(ours) == len(_commands(entry.plain)):
                if len(listed.items) > 1:
                    return removed(text, listed, entry)
                assert hooks is not None
                if len(hooks.members) > 1:
                    return removed(text, hooks, listed, event)
                return removed(text, root, hooks, "hooks")
            if ours:  # someone put theirs beside ours
                inner = entry.members["hooks"]
                mine = next(one for one in inner.items if _GATE in str(one.plain.get("command")))
                return removed(text, inner, mine)
    line = _line_of(root)
    if line is None:
        return None
    own = _unwrapped(line.plain)
    if own is not None:
        return Edit(line.start, line.end, _quoted(own))
    return removed(text, root, root.members["statusLine"], "statusLine")


def _commands(entry: Any) -> list[str]:
    """The commands of one entry: flat, as some agents have it, or a group of them."""
    if not isinstance(entry, dict):
        return []
    inner = entry.get("hooks")
    group = inner if isinstance(inner, list) else [entry]
    found = [one.get("command") or one.get("bash") for one in group if isinstance(one, dict)]
    return [one if isinstance(one, str) else "" for one in found]


def _line_of(root: Node) -> Node | None:
    """Our command in the status line."""
    known = root.members.get("statusLine")
    own = known.members.get("command") if known else None
    if own is None or not isinstance(own.plain, str) or "costtop" not in own.plain:
        return None
    head = own.plain.partition(" --then ")[0].removesuffix(" || true")
    return own if head.endswith(_LINE) else None


def _wrapped(command: str, own: str) -> str:
    return f"{command.removesuffix(' || true')} --then {shlex.quote(own)} || true"


def _unwrapped(command: str) -> str | None:
    """The user's own command inside ours, None where there is none."""
    rest = command.partition(" --then ")[2].removesuffix(" || true")
    try:
        return shlex.split(rest)[0] if rest else None
    except ValueError:
        return None


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
