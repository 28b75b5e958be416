"""docs/fleet-start.md, typed as it stands: from nothing to a fleet that is read, for real."""

import contextlib

import psycopg
import pytest

from tests.docs.blocks import ROOT
from tests.docs.examples import Examples
from tests.docs.prepared_homes import PreparedHomes

PAGE = ROOT / "docs/fleet-start.md"
_SHIPPED = """```sh
until costtop fleet status | grep -q 'nothing waits'; do sleep 0.1; done
```
"""


class _WithOwner(PreparedHomes):
    """Homes in which the URL of a server's owner lies."""

    url = ""

    def fresh(self, name):
        home = super().fresh(name)
        file = home / "owner.url"
        file.touch(0o600)
        file.write_text(self.url)
        return home


@pytest.fixture
def page(server, empty, tmp_path):
    """A copy of the page in which every block is tried, and the homes for it."""
    text = PAGE.read_text().replace("<!-- tested by:", "<!-- ")
    first = text.index("```\npostgresql://")  # shown, and not this server's
    text = text[:first] + text[text.index("```\n", first + 5) + 4 :]
    text = text.replace("```toml\nreader", "<!-- file: config.toml -->\n```toml\nreader")
    asked = "$ costtop fleet status\n"
    text = text.replace(asked, f"```\n{_SHIPPED}```console\n{asked}")
    made = tmp_path / "fleet-start.md"
    made.write_text(text)
    homes = _WithOwner(tmp_path)
    homes.url = server.url(empty, "admin")
    yield made, homes
    with psycopg.connect(server.url(), autocommit=True) as db:
        for role in ("costtop_host_ann_laptop", "costtop_host_ben_laptop", "rita"):
            with contextlib.suppress(psycopg.errors.UndefinedObject):
                db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_the_page_is_what_happens(page):
    made, homes = page
    outcomes = list(Examples(homes).of(made))
    assert len(outcomes) == 10
    assert not [one.wrong for one in outcomes if one.wrong]
