"""`costtop hooks install|remove|status AGENT`, and the help of what hooks call. Nothing more."""

import argparse

from costtop import paths
from costtop.cli.tables import put
from costtop.hooks.dialects import AGENTS

_DEEDS = {
    "install": "put the gate (and Claude Code's status line) into the agent's settings",
    "remove": "take them out again; the file is byte for byte what it was",
    "status": "say what stands in the settings; without AGENT, of every agent",
}
_ASKED = {
    "gate": "answer an agent's hook: JSON on stdin; always exit 0",
    "statusline": "Claude Code's status line: JSON on stdin, one line out",
}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds one of the three."""
    parser = commands.add_parser(name, help=_ASKED.get(name, "wire costtop into an agent"))
    if name == "gate":
        parser.add_argument("--agent", choices=AGENTS, required=True)
    elif name == "statusline":
        parser.add_argument("--then", metavar="CMD", help="the user's own status line, kept")
    else:
        deeds = parser.add_subparsers(metavar="DEED", required=True)
        for deed, words in _DEEDS.items():
            one = deeds.add_parser(deed, help=words)
            optional = "?" if deed == "status" else None
            one.add_argument("agent", metavar="AGENT", choices=(*AGENTS, None), nargs=optional,
                             help=", ".join(AGENTS))  # fmt: skip
            one.set_defaults(deed=deed)
    parser.set_defaults(run=run, verb=name)


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
    for one in told:
        put(f"{one.agent}: {'installed' if one.commands else 'not installed'} ({one.settings})")
        for command in dict.fromkeys(one.commands):
            put(f"  {command}")
        if one.trouble:
            put(f"  {one.trouble}")
    return 1 if any(one.trouble for one in told) else 0
