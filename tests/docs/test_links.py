"""What a page points at is there: files, headings, other pages."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_OUTSIDE = ("https://", "http://127.0.0.1")


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for title in re.findall(r"^#+ +(.+?) *#*$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(name if name not in found else f"{name}-1")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if target.startswith(_OUTSIDE):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_named_without_a_link_is_there_too(page: Path) -> None:
    for name in re.findall(r"(?<![\w./~-])((?:\w[\w-]*/)*\w[\w-]*\.(?:md|png))\b", prose(page)):
        places = (ROOT, page.parent, ROOT / "docs")
        assert any((place / name).exists() for place in places), name


def test_no_page_points_at_a_heading_by_words() -> None:
    """A link can be checked, `README, "Some heading"` goes stale."""
    pointing = re.compile(r"\b(?:README|[\w/]+\.md)`?, [\"“]")
    code = [text for path in ROOT.glob("costtop/**/*.py") if "README" in (text := path.read_text())]
    texts = [*map(Path.read_text, PAGES), *code, (ROOT / "config.example.toml").read_text()]
    assert not [found[0] for text in texts if (found := pointing.search(text))]


def test_every_picture_stands_on_a_page() -> None:
    shown = {target for page in PAGES for target in _LINK.findall(prose(page))}
    names = {Path(target).name for target in shown}
    assert not [one.name for one in (ROOT / "docs").rglob("*.png") if one.name not in names]
