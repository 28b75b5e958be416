"""`costtop fleet forget HOST`: takes a machine out of the fleet with all that it told."""

import argparse

from costtop.cli.fleet.owner_login import add_owner, owner
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json


def add(parser: Parser) -> None:
    """Adds `fleet forget`."""
    parser.says(
        "Takes a machine out of the fleet: its calls, sessions and login go, exactly; what others"
        " told stands as if it had never been. Its own database is not touched.",
        "costtop fleet forget ben-laptop --url-file owner.url",
    )
    parser.add_argument("host", metavar="HOST", help="as `costtop fleet status` names it")
    add_owner(parser)
    about = "of which team, where several have a host of that name"
    parser.add_argument("--team", metavar="NAME", default="", help=about)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Forgets, and says how many calls went."""
    with owner(options) as db:
        from costtop.fleet import logins

        calls, team = logins.forget(db, options.host, options.team)
    if options.json:
        put_json({"schema": 1, "host": options.host, "team": team, "calls": calls})
    else:
        put(f"{options.host} is out of team {team}: {calls} calls of it went, and its login")
    return 0
