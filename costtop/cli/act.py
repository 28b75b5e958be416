"""`costtop mark`, `unmark`, `pause`, `resume`, `kill`: what the keys of the screen do."""

import argparse
import getpass

from costtop import paths
from costtop.cli.tables import put
from costtop.control import client, protocol
from costtop.snapshot import find
from costtop.store.db import open_reader

_HELP = {
    "mark": "say of a session that it is watched, runaway or fine",
    "unmark": "take a mark back",
    "pause": "stop a session's processes until resume",
    "resume": "let a paused session go on",
    "kill": "end a session: SIGINT, then SIGTERM, then SIGKILL",
}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds one of the five."""
    parser = commands.add_parser(name, help=_HELP[name])
    parser.add_argument("session", metavar="SESSION", help="any unique beginning of its id")
    if name == "mark":
        kinds = ("watch", "runaway", "fine")
        parser.add_argument("--as", dest="kind", choices=kinds, default="watch")
        parser.add_argument("--note", default="", help="why")
    if name == "kill":
        parser.add_argument("--up-to", dest="rung", choices=("INT", "TERM", "KILL"), default="KILL")
    parser.set_defaults(run=run, verb=name)


def run(options: argparse.Namespace) -> int:
    """Sends the command and prints what was done."""
    found = paths.find()
    key = find.session(open_reader(found.database), options.session)
    answer = client.ask(found.socket, _command(options, key, getpass.getuser()))
    for line in answer.get("said", []):
        put(str(line))
    return 0


def _command(options: argparse.Namespace, key: str, by: str) -> protocol.Command:
    match options.verb:
        case "mark":
            return protocol.MarkSession(key, options.kind, options.note, by)
        case "unmark":
            return protocol.UnmarkSession(key, by)
        case "pause":
            return protocol.Pause(key, by)
        case "resume":
            return protocol.Resume(key, by)
        case _:
            return protocol.Kill(key, options.rung, by)
