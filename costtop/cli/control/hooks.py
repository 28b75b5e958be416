"""`costtop hooks install|remove|status AGENT`, and the help of what hooks and bars call."""

import argparse
from collections.abc import Sequence

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.durations import now_ms
from costtop.errors import UsageError
from costtop.hooks import status_bars
from costtop.hooks.dialects import AGENTS

_DEEDS = {
    "install": "Puts the gate (and Claude Code's status line) into the agent's settings.",
    "remove": "Takes them out again; the file is byte for byte what it was.",
    "status": "Says what the gate has done, not what stands in a file; without AGENT, of all.",
}


def add(parser: Parser, name: str) -> None:
    """Adds one of them."""
    parser.set_defaults(run=run, verb=name)
    if name == "gate":
        about = "Answers an agent's hook: JSON on stdin; always exit 0."
        parser.says(about, "costtop gate --agent claude-code")
        parser.add_argument("--agent", choices=AGENTS, required=True, help=", ".join(AGENTS))
    elif name == "statusline":
        about = "The status line of Claude Code: JSON on stdin, one line out."
        parser.says(about, "costtop statusline", "costtop statusline --then ~/bin/my-line")
        parser.add_argument("--then", metavar="CMD", help="the user's own status line, kept")
    elif name == "line":
        _add_line(parser)
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


def _add_line(parser: Parser) -> None:
    fields = "; ".join(f"{{{name}}} {words}" for name, words in status_bars.FIELDS.items())
    parser.says(
        f"What status bars show of spend, in a line. Fields of --format: {fields}.",
        "costtop line --tmux",
        "costtop line --format '{today} {burn} {plan_5h}'",
        "i3status | costtop line --i3status",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--claude", action="store_true", help="as `statusline`: JSON on stdin")
    for name, words in status_bars.FORMS.items():
        form.add_argument(
            f"--{name}", action="store_const", const=name, dest="form", default="", help=words
        )
    parser.add_argument("--format", metavar="TEXT", default="{line}", help="a line of your own")
    parser.add_argument("--then", metavar="CMD", help="with --claude: the user's own status line")
    parser.set_defaults(run=_line)


def _line(options: argparse.Namespace) -> int:
    """Comes here only with words that `status_bars.main` does not take: the usual ones never do."""
    if options.claude:
        from costtop.hooks import statusline

        return statusline.main(["--then", options.then] if options.then else [])
    if options.then:
        raise UsageError("--then CMD goes with --claude")
    try:
        status_bars.check(options.format)
    except status_bars.NotALine as error:
        raise UsageError(f"--format: {error}") from None
    return status_bars.put(options.form, options.format)


def run(options: argparse.Namespace) -> int:
    """Does it and says what was done. `gate` and `statusline` never come here but for help."""
    from costtop.hooks.install import installer

    if options.deed != "status":
        kept = paths.find().hook_receipts
        change = installer.install if options.deed == "install" else installer.remove
        for line in change(options.agent, kept):
            put(line)
        return 0
    return _status([options.agent] if options.agent else AGENTS, as_json=options.json)


def _status(agents: Sequence[str], *, as_json: bool) -> int:
    from costtop.cli.reports.diagnosis import hold
    from costtop.hooks.install.proof import proofs

    told = [*zip(*proofs(agents, paths.find(), now_ms()), strict=True)]
    if as_json:
        put_json({"schema": 1, "agents": [hold.tree(one, proof) for one, proof in told]})
    for one, proof in () if as_json else told:
        put(f"{one.agent}: {'installed' if one.commands else 'not installed'} ({one.settings})")
        for command in dict.fromkeys(one.commands):
            put(f"  {command}")
        if one.commands:
            put(f"  {'' if proof.holds else '! '}{proof.words}")
    return 1 if any(proof.fails for _, proof in told) else 0
