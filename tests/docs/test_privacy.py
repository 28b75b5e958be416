"""The page of privacy names every file that costtop makes, and each setting that sends."""

import re

from costtop import paths
from costtop.cli.upkeep import own_files
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs/privacy.md").read_text()
FILES = PAGE.partition("## Where each file lies")[2].partition("\n## ")[0]
_OPENS = re.compile(
    r"import (apprise|httpx|requests|psycopg|UpdatePrices)|urllib\.request|http\.client"
    r"|ClientSession|OTLPMetricExporter"
)
_TEMPORARY = {".*.new"}  # replaces another one at once


def test_every_file_has_its_line() -> None:
    found = paths.find()
    more = (found.fields, found.identity_key, found.hook_receipts)
    names = {one.name for one in (*found, *more)}
    assert {name for name in names if name not in FILES} == set()


def test_every_file_that_uninstall_takes_has_its_line() -> None:
    made = {*own_files._STATE, *own_files._FOLDERS} - _TEMPORARY
    assert {one for one in made if one.rstrip("*").rstrip(".") not in FILES} == set()


def test_whatever_speaks_to_another_machine_is_told() -> None:
    """The modules that load what opens connections, each with the setting that asks for it."""
    settings = {
        "notify/child.py": "[[notify]]",
        "daemon/notices/heartbeat.py": "heartbeat",
        "daemon/jobs/price_refresh.py": "[prices] refresh",
        "daemon/status/otel_sender.py": "[otel]",
        "fleet": "(fleet.md)",
    }
    sent = PAGE.partition("## What leaves the machine")[2].partition("\n## ")[0]
    assert [one for one in settings.values() if one not in sent] == []
    found = {
        re.sub(r"^fleet/.*", "fleet", str(one.relative_to(ROOT / "costtop")))
        for one in (ROOT / "costtop").rglob("*.py")
        if _OPENS.search(one.read_text())
    }
    assert found == settings.keys()
