"""`costtop fleet migrate`: the server's tables as this version of costtop wants them."""

import argparse

from costtop.cli.fleet.owner_login import add_owner, owner
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json


def add(parser: Parser) -> None:
    """Adds `fleet migrate`."""
    parser.says(
        "Applies the steps that the server lacks, each whole or not at all. Machines with an older"
        " costtop go on as before; those with a newer one wait for it.",
        "costtop fleet migrate --url-file owner.url",
    )
    add_owner(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Migrates."""
    with owner(options) as db:
        from costtop.fleet import schema

        before = schema.version(db)
        now = schema.migrate(db)
    if options.json:
        put_json({"schema": 1, "server_schema": now, "applied": now - before})
    else:
        put(f"the server has schema {now} ({now - before} steps applied now)")
    return 0
