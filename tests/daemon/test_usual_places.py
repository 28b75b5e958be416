"""What is told of formats that are not loaded is what they say once they are."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from costtop.config import Config
from costtop.daemon.ingest.log_roots import USUAL, may_have_logs, roots
from costtop.paths import find
from costtop.sources.registry import SOURCE

LISTED = [name for name in SOURCE if name.partition(".")[0] in USUAL]


class Asked(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize("name", LISTED)
def test_a_format_s_roots_are_below_its_usual_folders_unless_its_variables_move_them(
    name: str, system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    variables, folders = USUAL[name.partition(".")[0]]
    asked = Asked()
    found = SOURCE[name].roots(asked, tmp_path)
    assert asked.names - {""} <= set(variables)
    for root in found:
        assert any(root.is_relative_to(tmp_path / folder) for folder in folders)
    assert not may_have_logs(name, {}, str(tmp_path))
    for root in found:
        root.mkdir(parents=True, exist_ok=True)
        assert may_have_logs(name, {}, str(tmp_path))
    for variable in variables:
        assert may_have_logs(name, {variable: "/x"}, str(tmp_path / "other"))


def test_every_name_is_a_tool_s() -> None:
    assert set(USUAL) <= {name.partition(".")[0] for name in SOURCE}


def test_one_look_has_all_roots_that_are_there(tmp_path: Path) -> None:
    for part in (".claude/projects", ".gemini/tmp", ".local/share/opencode", ".pi/agent/sessions"):
        (tmp_path / part).mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "COSTTOP_HOME": str(tmp_path / "own")}
    every, once = (roots(Config(), find(environ), environ, once=once) for once in (False, True))
    there = [root for root in every if Path(root.path.decode()).is_dir()]
    assert len(there) >= 5
    assert [root for root in once if Path(root.path.decode()).is_dir()] == there
