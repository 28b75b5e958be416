"""`costtop fleet enrol HOST`: another machine's login, in a file to be carried there."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costtop.cli.fleet import url_files
from costtop.cli.fleet.owner_login import add_owner, owner, owner_url, settings
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:
    from costtop.fleet.server_link import Connection

_TEAM = "main"


class Enrolled(NamedTuple):
    """A host that has a login now."""

    host: str
    team: str
    role: str
    place: Path

    def tree(self) -> dict[str, Any]:
        """As JSON carries it; the password stands in the file alone."""
        return {"team": self.team, "role": self.role, "url_file": str(self.place)}

    def words(self, *, here: bool) -> str:
        """What was done, and what is left to do, on this machine or on another."""
        usual = url_files.shown(url_files.usual_place())
        said = f"{self.host} is in team {self.team}; its login is {self.role}, with a new password"
        if here:
            wanted = url_files.lines_for(self.place)
            if self.host != this_host():  # so that this machine calls itself what it is called
                wanted += f"\nhost = {json.dumps(self.host)}"
            return f"{said}\nits URL: {self.place}\n\ninto config.toml here:\n\n{wanted}"
        steps = (
            f"its URL: {self.place}",
            f"\non {self.host}: put that file at {usual}, mode 0600, delete it here,",
            "and into config.toml there:\n",
            f'[fleet]\nurl_file = "{usual}"\nhost = "{self.host}"',
        )
        return "\n".join((said, *steps))


def add(parser: Parser) -> None:
    """Adds `fleet enrol`."""
    parser.says(
        "Takes a machine into the fleet. Its login and a new password are made on the server, and"
        " the URL with it is written into a file for that machine.",
        "costtop fleet enrol ben-laptop --team payments --url-file owner.url",
        "costtop fleet enrol ben-laptop --anew --url-file owner.url",
    )
    parser.add_argument("host", metavar="HOST", help="what the machine is called in the fleet")
    add_owner(parser)
    add_team(parser)
    about = "a new password for a host that is enrolled; the old one ends"
    parser.add_argument("--anew", action="store_true", help=about)
    about = "where its URL is written; else HOST.fleet.url in this folder"
    parser.add_argument("--to", metavar="FILE", default="", help=about)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def add_team(parser: Parser) -> None:
    """The option that names a team."""
    about = f"which team it is of, made where it is new; else that of [fleet], else {_TEAM}"
    parser.add_argument("--team", metavar="NAME", default="", help=about)


def run(options: argparse.Namespace) -> int:
    """Makes the login and says where its URL is."""
    url = owner_url(options)
    with owner(options) as db:
        done = enrolled(db, url, options.host, options)
    if options.json:
        put_json({"schema": 1, "host": done.host, **done.tree()})
    else:
        put(done.words(here=done.host == this_host()))
    return 0


def this_host() -> str:
    """What this machine is called in the fleet."""
    from costtop.fleet.fleet_host import fleet_host

    return fleet_host(settings())


def enrolled(db: "Connection", url: str, host: str, options: argparse.Namespace) -> Enrolled:
    """Makes the login, or its new password, and writes the file, where none is in the way."""
    from costtop.fleet import logins

    place = _place(host, options.to)
    if options.anew:
        made, team = logins.renew(db, host, options.team)
    else:
        url_files.check_free(place)
        team = options.team or settings().team or _TEAM
        made = logins.enrol(db, host, team)
    url_files.write(place, logins.url_for(url, made))
    return Enrolled(host, team, made.role, place)


def _place(host: str, wanted: str) -> Path:
    if wanted:
        return Path(wanted).expanduser().absolute()
    if host == this_host():
        own = settings().url_file
        return Path(os.path.expanduser(own)) if own else url_files.usual_place()
    return Path(f"{host.replace(os.sep, '_')}.fleet.url").absolute()
