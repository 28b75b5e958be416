"""Pages of integrations that name a port: what they show is tried at another one."""

import socket
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.docs.examples import Examples
from tests.docs.prepared_homes import PreparedHomes


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_page_of_prometheus_shows_what_a_daemon_answers(tmp_path: Path) -> None:
    port = _free_port()
    text = (ROOT / "docs/integrations/prometheus.md").read_text()
    text = text.replace("[metrics]\n", f"[metrics]\nport = {port}\n").replace(":9464", f":{port}")
    page = tmp_path / "prometheus.md"
    page.write_text(text.replace("<!-- tested by:", "<!-- "))
    outcomes = [*Examples(PreparedHomes(tmp_path)).of(page)]
    assert len(outcomes) == 2
    assert not [one.wrong for one in outcomes if one.wrong]
