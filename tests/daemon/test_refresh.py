"""A newer price list is fetched only where the config asks, and used only where believable."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from costtop.cli.main import main

sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))
from logs import claude_row, write

DEARER = {
    "input_mtok": 6,
    "output_mtok": 30,
    "cache_read_mtok": 0.6,
    "cache_write_mtok": 7.5,
    "cache_write_1h_mtok": 12,
}


class Lists(HTTPServer):
    """Serves one price list on loopback and counts who asks."""

    prices: dict[str, float]
    asked = 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Lists)
        self.server.asked += 1
        model = {"id": "claude-opus-4-6", "match": {"equals": "claude-opus-4-6"},
                 "prices": self.server.prices}  # fmt: skip
        provider = {"id": "anthropic", "name": "Anthropic", "models": [model],
                    "api_pattern": "https://api\\.anthropic\\.com",
                    "model_match": {"contains": "claude"}}  # fmt: skip
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([provider]).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def lists() -> Iterator[Lists]:
    server = Lists(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def repriced(
    home: Path, lists: Lists, capsys: pytest.CaptureFixture[str], *, on: bool = True
) -> Any:
    config = home / "costtop" / "config.toml"
    port = lists.server_address[1]
    asked = f'refresh = {str(on).lower()}\nrefresh_url = "http://127.0.0.1:{port}/data.json"\n'
    config.write_text(f"[prices]\n{asked}")
    capsys.readouterr()
    assert main(["reprice", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["changes"]


@pytest.fixture
def scanned(home: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write(home, claude_row(1))
    assert main(["scan"]) == 0
    return home


def test_a_newer_list_prices_stored_calls_when_it_is_asked_for(
    scanned: Path, lists: Lists, capsys: pytest.CaptureFixture[str]
) -> None:
    lists.prices = DEARER
    (change,) = repriced(scanned, lists, capsys)
    assert (change["before_usd"], change["after_usd"]) == ("0.007500000", "0.009000000")


def test_nothing_is_fetched_unless_it_is_asked_for(
    scanned: Path, lists: Lists, capsys: pytest.CaptureFixture[str]
) -> None:
    lists.prices = DEARER
    assert repriced(scanned, lists, capsys, on=False) == []
    assert lists.asked == 0


def test_a_list_with_a_change_of_more_than_five_times_is_not_used(
    scanned: Path, lists: Lists, capsys: pytest.CaptureFixture[str]
) -> None:
    lists.prices = {**DEARER, "input_mtok": 600}
    assert repriced(scanned, lists, capsys) == []
    assert lists.asked == 1


def test_a_list_that_cannot_be_had_changes_nothing(
    scanned: Path, lists: Lists, capsys: pytest.CaptureFixture[str]
) -> None:
    lists.prices = {"no_such_unit": 1}
    assert repriced(scanned, lists, capsys) == []
