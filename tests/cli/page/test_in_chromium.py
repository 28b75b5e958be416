"""A page in the real Chromium, from `file://`: its own script sorts, and nothing else runs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from costtop.cli.main import main
from costtop.durations import HOUR, now_ms
from tests.cli.page import parsed
from tests.cli.page.test_report_page import HOSTILE, call, spent

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
                None)  # fmt: skip
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")


def opened(file: Path, profile: Path) -> parsed.Node:
    """The document as it stands once everything in it that runs has run."""
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
        "--virtual-time-budget=2000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert ran.stdout, ran.stderr
    return parsed.page(ran.stdout)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    now = now_ms()
    spent(
        *(
            call(now - nth * HOUR, nth, feature=name, project=name, model="claude-opus-4-6",
                 user=name, session=f"{nth}", output_tokens=100 * (1 + nth * 7 % 10))
            for nth, name in enumerate(HOSTILE)
        )
    )  # fmt: skip
    file = tmp_path / "report.html"
    assert main(["report", "7d", "--by", "user", "--html", str(file)]) == 0
    return file


def test_hostile_names_run_nothing(page: Path, tmp_path: Path):
    root = opened(page, tmp_path / "profile")
    assert root.one("title").text.startswith("Spend report: ")
    assert not list(root.all("img", "iframe"))
    assert len(list(root.all("script"))) == 1
    assert list(root.one("thead").all("button")), "its own script has not run"


SORTS = """
const table = document.querySelector("#features table");
const head = [...table.tHead.rows[0].cells].find((one) => one.textContent.startsWith("OUTPUT"));
const told = [];
for (let nth = 0; nth < 2; nth += 1) {
  head.querySelector("button").click();
  const column = [...table.tBodies[0].rows].map((row) => row.cells[head.cellIndex].textContent);
  told.push(head.getAttribute("aria-sort") + "=" + column.join(" "));
}
document.title = told.join(";") + ";" + table.querySelectorAll("[aria-sort]").length;
"""


def test_a_head_sorts_by_its_numbers_and_says_so(page: Path, tmp_path: Path):
    html = page.read_text()
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    played = tmp_path / "played.html"
    played.write_text(html.replace("</body>", f"<script>{SORTS}</script></body>"))
    *sorted_, marked = opened(played, tmp_path / "profile").one("title").text.split(";")
    down, up = (one.partition("=")[2].split() for one in sorted_)
    assert [one.partition("=")[0] for one in sorted_] == ["descending", "ascending"]
    assert down == ["1.0k", *(str(number) for number in range(900, 0, -100))]
    assert up == down[::-1]
    assert marked == "1"


def test_the_policy_lets_nothing_in_that_was_put_there_later(page: Path, tmp_path: Path):
    played = tmp_path / "played.html"
    html = page.read_text().replace("</body>", f"<script>{SORTS}</script></body>")
    played.write_text(html)
    assert opened(played, tmp_path / "profile").one("title").text.startswith("Spend report: ")
