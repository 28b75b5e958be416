"""`costtop fleet grant ROLE TEAM`: who may see a team's spend, command its machines, or lead."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from costtop.cli.fleet import url_files
from costtop.cli.fleet.owner_login import add_owner, owner, owner_url
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.errors import FleetError

if TYPE_CHECKING:
    from costtop.fleet.logins import Right


def add(parser: Parser) -> None:
    """Adds `fleet grant`."""
    parser.says(
        "Lets a role of the server see a team. A role that is not there yet is made, and its URL"
        " is written into a file. With --revoke it sees that team no more.",
        "costtop fleet grant rita payments --url-file owner.url",
        "costtop fleet grant oscar payments --operator --url-file owner.url",
        "costtop fleet grant rita payments --revoke --url-file owner.url",
    )
    parser.add_argument("role", metavar="ROLE", help="a login of the server, or a group of them")
    parser.add_argument("team", metavar="TEAM", help="which team")
    add_owner(parser)
    right = parser.add_mutually_exclusive_group()
    about = "let it also command the team's machines, as far as each accepts"
    right.add_argument("--operator", action="store_true", help=about)
    right.add_argument("--steward", action="store_true", help="let it keep the team's budgets")
    right.add_argument("--revoke", action="store_true", help="take the team away from it")
    about = "where the URL of a new role is written; else ROLE.fleet.url in this folder"
    parser.add_argument("--to", metavar="FILE", default="", help=about)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Grants or revokes."""
    url, made = owner_url(options), None
    place = Path(options.to or f"{options.role.replace('/', '_')}.fleet.url").expanduser()
    right: Right = "operator" if options.operator else "steward" if options.steward else "reader"
    if options.role.startswith("costtop_"):
        raise FleetError(f"{options.role} is a role of costtop's own: name a login")
    with owner(options) as db:
        from costtop.fleet import logins

        if options.revoke:
            logins.revoke(db, options.role, options.team)
        else:
            url_files.check_free(place)
            made = logins.grant(db, options.role, options.team, right)
            if made:
                url_files.write(place.absolute(), logins.url_for(url, made))
    if options.json:
        said = {"role": options.role, "team": options.team, "right": right}
        new = {"url_file": str(place.absolute()) if made else None}
        put_json({"schema": 1, **said, **new, "revoked": options.revoke})
    elif options.revoke:
        put(f"{options.role} does not see team {options.team} any more")
    else:
        article = "an" if right == "operator" else "a"
        put(f"{options.role} is {article} {right} of team {options.team}")
        if made:
            key = f"{right}_url_file"
            put(f"it is a new login; its URL: {place.absolute()}\n\nwhere it is used:\n")
            put(url_files.lines_for(place, key))
    return 0
