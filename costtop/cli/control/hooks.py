"""`costtop hooks install|remove|status AGENT`, and the help of what hooks call."""

import argparse
from typing import TYPE_CHECKING

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.hooks.dialects import AGENTS

if TYPE_CHECKING:
    from costtop.hooks.install.installer import Installed

_DEEDS = {
    "install": "Puts the gate (and Claude Code's status line) into the agent's settings.",
    "remove": "Takes them out again; the file is byte for byte what it was.",
    "status": "Says what stands in the settings; without AGENT, of every agent.",
}


def add(parser: Parser, name: str) -> None:
    """Adds one of the three."""
    parser.set_defaults(run=run, verb=name)
    if name == "gate":
        about = "Answers an agent's hook: JSON on stdin; always exit 0."
        parser.says(about, "costtop gate --agent claude-code")
        parser.add_argument("--agent", choices=AGENTS, required=True, help=", ".join(AGENTS))
    elif name == "statusline":
        about = "The status line of Claude Code: JSON on stdin, one line out."
        parser.says(about, "costtop statusline", "costtop statusline --then ~/bin/my-line")
        parser.add_argument("--then", metavar="CMD", help="the user's own status line, kept")
    else:
        examples = [f"costtop hooks {deed} claude-code" for deed in _DEEDS]
        parser.says("Wires costtop into an agent's settings.", *examples)
        deeds = parser.verbs("install|remove|status", required=True)
        for deed, words in _DEEDS.items():
            one = deeds.add_parser(deed)
            one.says(words, f"costtop hooks {deed} claude-code")
            optional = "?" if deed == "status" else None
            named = ", ".join(AGENTS)
            choices = (*AGENTS, None)
            one.add_argument("agent", metavar="AGENT", choices=choices, nargs=optional, help=named)
            if deed == "status":
                one.add_argument("--json", action="store_true", help="as JSON")
            one.set_defaults(deed=deed)


def run(options: argparse.Namespace) -> int:
    """Does it and says what was done. `gate` and `statusline` never come here but for help."""
    from costtop.hooks.install import installer

    kept = paths.find().database.parent / "hooks"
    if options.deed != "status":
        change = installer.install if options.deed == "install" else installer.remove
        for line in change(options.agent, kept):
            put(line)
        return 0
    told = [installer.status(agent) for agent in ([options.agent] if options.agent else AGENTS)]
    for one in () if options.json else told:
        put(f"{one.agent}: {'installed' if one.commands else 'not installed'} ({one.settings})")
        for command in dict.fromkeys(one.commands):
            put(f"  {command}")
        if one.trouble:
            put(f"  {one.trouble}")
    if options.json:
        put_json({"schema": 1, "agents": [_tree(one) for one in told]})
    return 1 if any(one.trouble for one in told) else 0


def _tree(one: "Installed") -> dict[str, object]:
    return {
        "agent": one.agent,
        "installed": bool(one.commands),
        "settings": str(one.settings),
        "commands": list(dict.fromkeys(one.commands)),
        "trouble": one.trouble or None,
    }
