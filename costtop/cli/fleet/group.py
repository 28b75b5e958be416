"""`costtop fleet` with its verbs, a module each. No driver is loaded before a verb runs."""

import importlib
from collections.abc import Mapping

from costtop.cli.fleet import fleet_status
from costtop.cli.parser import Parser

VERBS: Mapping[str, str] = {
    "init": "fleet_init",
    "enrol": "fleet_enrol",
    "status": "fleet_status",
    "preview": "fleet_preview",
    "grant": "fleet_grant",
    "forget": "fleet_forget",
    "migrate": "fleet_migrate",
    "export": "fleet_export",
}
"""Which module of `costtop.cli.fleet` has which verb, in the order of the help."""


def add(parser: Parser, name: str) -> None:
    """Adds `fleet` with its verbs; without one it says how it stands."""
    parser.says(
        "Many machines on one PostgreSQL.",
        "costtop fleet init --url-file owner.url --team payments",
        "costtop fleet enrol ben-laptop --url-file owner.url",
        "costtop fleet status",
    )
    parser.set_defaults(run=fleet_status.run)
    parser.add_argument("--json", action="store_true", help="the status as JSON")
    verbs = parser.verbs("|".join(VERBS))
    for verb, module in VERBS.items():
        importlib.import_module(f"costtop.cli.fleet.{module}").add(verbs.add_parser(verb))
