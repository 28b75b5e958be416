"""`costtop fleet init`: the tables on the server, and this machine as their first host."""

import argparse

from costtop.cli.fleet import fleet_enrol, url_files
from costtop.cli.fleet.owner_login import add_owner, owner, owner_url, settings
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json


def add(parser: Parser) -> None:
    """Adds `fleet init`."""
    parser.says(
        "Makes the tables on a PostgreSQL and takes this machine in. Needs the URL of a login that"
        " may make roles and schemas there; it is used once and kept nowhere. Again it applies what"
        " is new and changes nothing else.",
        "costtop fleet init --url-file owner.url",
        "costtop fleet init --url-env OWNER_URL --team payments",
    )
    add_owner(parser)
    fleet_enrol.add_team(parser)
    about = "what this machine is called there; else its host name and four digits"
    parser.add_argument("--host", metavar="NAME", default="", help=about)
    parser.add_argument("--to", metavar="FILE", default="", help="where its URL is written")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run, anew=False)


def run(options: argparse.Namespace) -> int:
    """Migrates, enrols, and says what to do next."""
    url = owner_url(options)
    options.to = options.to or settings().url_file or str(url_files.usual_place())
    with owner(options) as db:
        from costtop.fleet import logins, schema

        before = schema.version(db)
        now = schema.migrate(db)
        host = options.host or fleet_enrol.this_host()
        known = logins.hosts(db, host)
        done = None if known else fleet_enrol.enrolled(db, url, host, options)
    if options.json:
        tree = {"schema": 1, "server_schema": now, "applied": now - before, "host": host}
        put_json(tree | (done.tree() if done else {"team": known[0][1], "role": known[0][0]}))
        return 0
    put(f"the server has schema {now} ({now - before} steps applied now)")
    if done:
        put(done.words(here=True))
    else:
        put(f"{host} is enrolled already, in team {known[0][1]}")
        put(f"a new password for it: costtop fleet enrol {host} --anew")
    team = done.team if done else known[0][1]
    put("\nnext, as the owner:")
    put(f"  another machine    costtop fleet enrol NAME --team {team}")
    put(f"  who may look       costtop fleet grant ROLE {team}")
    if not settings().ships:
        put("then, here:         costtop fleet preview, costtop start, costtop fleet status")
    return 0
