"""A message loads its own channel and none of Apprise's other 180, which take longer than it."""

import json
import subprocess
import sys

from tests.notify.desk import Inbox

_BEGIN = """
import json, os, sys
from apprise.manager_plugins import NotificationManager
from costtop.notify import child

def loaded():
    names = (name.split(".") for name in sys.modules if name.startswith("apprise.plugins."))
    return sorted({name[2] for name in names} - {"base"})
"""


def said(code: str) -> object:
    """What a fresh process prints as JSON: Apprise's register is one for a process."""
    command = [sys.executable, "-c", _BEGIN + code]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def sent(url: str) -> object:
    """How a message to a URL went, and which channels were loaded for it."""
    order = {"url": url, "title": "t", "body": "b", "short": "s", "severity": "notice"}
    order |= {"token": "t0ken", "insecure": False}
    code = f"order = {order!r} | {{'parent': os.getppid()}}\n"
    return said(f"{code}print(json.dumps([child.outcome_of(order)['ok'], loaded()]))")


def test_only_the_channel_of_the_url_is_loaded(inbox: Inbox) -> None:
    assert sent(f"json://127.0.0.1:{inbox.port}/") == [True, ["custom_json"]]
    assert sent(f"NTFY://127.0.0.1:{inbox.port}/costs") == [True, ["ntfy"]]
    assert len(inbox.got) == 2


def test_where_a_channel_cannot_be_told_by_its_source_all_are_loaded() -> None:
    code = """
child.channel_of = lambda schema: "bark"
faults = child.understood(["json://127.0.0.1/", "https://discord.com/api/webhooks/1234/abcd"])
print(json.dumps([faults["faults"], len(loaded()) > 100]))
"""
    [(one, other), all_of_them] = said(code)
    assert one == ""
    assert other == "https:// is no service that Apprise knows; did you mean httpsms://?"
    assert all_of_them


def test_every_schema_is_found_in_the_source_of_its_channel() -> None:
    code = """
known = NotificationManager()
homes = {one: known[one].__module__.split(".")[2] for one in known.schemas()}
print(json.dumps({one: home for one, home in homes.items() if child.channel_of(one) != home}))
"""
    barred = {"dbus", "kde", "qt"}  # made of a table; `notify.address` bars them
    assert said(code) == dict.fromkeys(barred, "dbus")
