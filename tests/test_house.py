"""The house rules that a machine can check. The floors are import-linter's (scripts/check)."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from measures import imports, names
from measures.tree import Tree

from costtop.store.db import open_writer

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "costtop"
MODULES = sorted(PACKAGE.rglob("*.py"))
TREE = Tree(ROOT)

FILE_LINES, FUNCTION_LINES = 400, 50
FOLDER_FILES = 20  # .py files directly in a folder, `__init__` not counted
HELD_LAYOUTS = 60  # `fmt: skip` in costtop/
FORBIDDEN_NAMES = {
    "utils", "util", "helpers", "helper", "common", "core", "base", "types", "data", "manager",
    "handler", "service", "engine",
}  # fmt: skip
THINKING = {"sources", "pricing", "detect", "analysis", "plans", "alerts"}
WORKING = {"tail", "receive", "store", "fleet", "notify", "processes", "repositories"}
THOUGHTS = [x for x in MODULES if x.relative_to(PACKAGE).parts[0] in THINKING]

# What start-up budgets forbid, and who has such a budget. Grows with the fast commands.
HEAVY = (
    "textual",
    "rich",
    "apprise",
    "genai_prices",
    "asyncio",
    "msgspec",
    "watchfiles",
    "psycopg",
)
LIGHT = (
    "costtop",
    "costtop.__main__",
    "costtop.model",
    "costtop.money",
    "costtop.text",
    "costtop.errors",
    "costtop.periods",
    "costtop.paths",
    "costtop.hooks.gate",
    "costtop.hooks.status_bars",
    "costtop.hooks.statusline",
    "costtop.hooks.install.installer",
    "costtop.store.gating",
    "costtop.client.recording",
    "costtop.client.process_sender",
    "costtop.cli.reports.live",
    "costtop.cli.main",
    "costtop.cli.open_screen",
    "costtop.cli.screen_command",
    "costtop.cli.reports.report",
    "costtop.control.client",
    "costtop.control.protocol",
    "costtop.queries.live.frame",
    "costtop.queries.spending.report",
    "costtop.store.db",
)

# What writes calls: a command that only reads them would load a third of costtop with it.
WRITERS = ("costtop.store.calls.calls", "costtop.store.calls.write_context")

# File names that may stand in more than one folder, each with its reason.
_SURFACES = (
    "one word of the user's, for one question: its command, its query, its screen, its table"
)
REPEATED = {
    "main": "the two programs: the command line and the daemon",
    "registry": "the two lists that a recipe adds a line to: sources and detectors",
    "records": "the shapes of one format's lines, beside the source that reads them",
    "copilot": "an agent's logs, and its hooks",
    "gemini": "an agent's logs, and its hooks",
    "qwen": "an agent's logs, and its hooks",
    "alerts": _SURFACES,
    "days": _SURFACES,
    "doctor": _SURFACES,
    "explain": _SURFACES,
    "export": _SURFACES,
    "report": _SURFACES,
    "review": _SURFACES,
    "session": _SURFACES,
    "spending": _SURFACES,
    "tasks": _SURFACES,
    "why": _SURFACES,
}
# Of these, those that may repeat inside one top folder.
REPEATED_NEAR = {"records"}

# Where SQL is executed: on costtop's own database, on a fleet's, and (rows.py) on other tools'.
SQL_ROOMS = ("costtop/store/", "costtop/queries/", "costtop/fleet/", "costtop/tail/rows.py")
# Dependencies that nothing imports by name, each with its reason.
NEVER_IMPORTED = {"tzdata": "zoneinfo reads its files"}

# Spelled in pieces, so that this file does not find itself.
_LEAKS = re.compile(
    "|".join(("/" + r"work/", r"/tmp/" + r"v/", r"pypi\." + "org", r"pythonhosted\." + "org",
              r"registry\.npm" + "js", r"--(extra-)?index-" + "url[ =]", "/opt/" + "(wheels|pypi)"))
)  # fmt: skip


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef)]


def _tracked() -> list[Path]:
    """Files of the repository, new ones included; all but ignored ones."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in asked.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_short_and_so_are_its_functions(path):
    lines = len(path.read_text().splitlines())
    long = {
        x.name: x.end_lineno - x.lineno + 1
        for x in _functions(path)
        if x.end_lineno - x.lineno >= FUNCTION_LINES
    }
    assert lines <= FILE_LINES
    assert not long


def test_test_files_are_short_too():
    long = [_name(x) for x in ROOT.glob("tests/**/*.py") if len(x.read_text().splitlines()) > 400]
    assert not long


def test_no_module_has_a_name_that_says_nothing():
    parts = {_name(x): set(x.relative_to(PACKAGE).with_suffix("").parts) for x in MODULES}
    assert not [name for name, words in parts.items() if words & FORBIDDEN_NAMES]


def test_a_folder_holds_no_more_files_than_one_can_read_at_a_glance():
    folders = names.fullest_folders(TREE.modules)
    assert not [(many, folder) for many, folder in folders if many > FOLDER_FILES]


def test_a_file_name_stands_once_or_has_a_reason():
    found = names.repeated_files(TREE.modules)
    assert set(found) <= set(REPEATED)
    tops = {name: [path.split("/")[1] for path in paths] for name, paths in found.items()}
    assert {name for name, top in tops.items() if len(top) != len(set(top))} <= REPEATED_NEAR


def test_no_circle_of_files_not_even_by_imports_inside_functions():
    assert not imports.circles(imports.graph(TREE.modules))


def test_the_formatter_lays_out_nearly_everything():
    held = [x.path for x in TREE.modules for y in x.text.splitlines() if "# fmt: skip" in y]
    assert len(held) <= HELD_LAYOUTS
    assert not [x.path for x in TREE.modules if "# fmt: off" in x.text]


def test_sql_is_executed_in_its_rooms_only():
    executes = {"execute", "executemany", "executescript"}
    strays = {
        str(each.path)
        for each in TREE.modules
        for node in ast.walk(each.syntax)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in executes
        and not str(each.path).startswith(SQL_ROOMS)
    }
    assert not strays


def _named_files(text: str) -> set[str]:
    """Files and folders of this repository that a text names, from the root or from costtop/ on."""
    rooms = "|".join(x.name for x in PACKAGE.iterdir() if x.is_dir())
    word = r"[\w./-]*[\w/]"
    ours = rf"(?<![\w./~-])((?:costtop|tests|scripts|docs|\.ci)/{word})"
    in_ticks = rf"`((?:(?:{rooms})/{word})|[a-z_]+\.py)`"
    return {x.strip("/") for pattern in (ours, in_ticks) for x in re.findall(pattern, text)}


def _exists(name: str) -> bool:
    tries = (ROOT / name, PACKAGE / name, PACKAGE / f"{name}.py")
    return any(x.exists() for x in tries) or "foo" in Path(name).stem  # the toy of a recipe


def test_each_migration_has_a_number_of_its_own():
    names = sorted(path.name for path in (ROOT / "costtop/store/migrations").glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1)), names


def test_each_step_of_a_fleet_has_a_number_of_its_own():
    names = sorted(path.name for path in (ROOT / "costtop/fleet/steps").glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1)), names


def test_every_file_that_a_document_or_script_names_exists():
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]
    texts += [x for x in ROOT.glob("scripts/**/*") if x.is_file() and x.suffix in ("", ".py")]
    missing = {
        f"{_name(path)}: {name}"
        for path in [*texts, ROOT / ".ci/run"]
        for name in _named_files(path.read_text())
        if not _exists(name)
    }
    assert not missing


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_with_code_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("path", THOUGHTS, ids=_name)
def test_the_thinking_wing_opens_nothing_and_reads_no_clock(path):
    deeds = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id="open" | "print" | "input" as deed):
                    deeds.add(deed)
                case ast.Attribute(attr=deed) if deed in {
                    "read_text", "read_bytes", "write_text", "write_bytes",
                    "now", "utcnow", "today",
                }:  # fmt: skip
                    deeds.add(deed)
    assert not deeds


def test_every_room_of_a_wing_is_held_by_the_wing_contracts():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    wings = {
        x["name"].removeprefix("wings: "): x
        for x in contracts["contracts"]
        if x["name"].startswith("wings: ")
    }
    rooms = {x.stem for x in PACKAGE.iterdir() if x.is_dir() or x.suffix == ".py"}
    for wing, other, name in (
        (THINKING, WORKING, "the thinking wing does not know the working wing"),
        (WORKING, THINKING, "the working wing does not know the thinking wing"),
    ):
        assert set(wings[name]["source_modules"]) == {f"costtop.{x}" for x in wing & rooms}
        assert set(wings[name]["forbidden_modules"]) == {f"costtop.{x}" for x in other & rooms}


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_loads_nothing_heavy(module):
    code = f"import sys, {module}\nprint(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(ran.stdout.split()) & set(HEAVY)


def test_the_first_frame_loads_no_nouns():
    code = "import sys, costtop.cli.main, costtop.cli.reports.live\nprint(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "costtop.model" not in ran.stdout.split()


_RECORD = ["record", "--session=s", "--model=m", "--input-tokens", "1", "--output-tokens=2"]


@pytest.mark.parametrize(
    "words",
    [["--once"], ["--once", "--json"], ["report", "--by", "day"], ["status", "--json"], _RECORD],
    ids=lambda words: words[0],
)
def test_a_quick_command_runs_without_anything_heavy(words, tmp_path):
    open_writer(tmp_path / "costtop.db").close()
    code = (
        "import os, sys; leave = os._exit\n"
        "def end(code): print('\\n#', *sys.modules, flush=True); leave(code)\n"
        "os._exit = end\n"
        "from costtop.__main__ import main; end(main())"
    )
    environment = {**os.environ, "COSTTOP_HOME": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", code, *words]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    loaded = set(ran.stdout.rpartition("\n#")[2].split())
    assert ran.returncode == (words[0] == "status"), ran.stderr  # which says that no daemon runs
    assert not loaded & {*HEAVY, "argparse", "costtop.cli.parser"}
    assert not {name for name in loaded if f"{name}.".startswith("costtop.daemon.")}
    assert not loaded & set(WRITERS)


def test_named_tuples_are_those_that_are_quickly_made():
    declared = re.compile(r"^from typing import .*\bNamedTuple\b", re.MULTILINE)
    found = [path for path in (ROOT / "costtop").rglob("*.py") if declared.search(path.read_text())]
    assert [str(path.relative_to(ROOT)) for path in found] in ([], ["costtop/named_tuples.py"])


def test_no_file_names_this_or_any_other_machine():
    leaks = []
    for path in _tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # logs with broken bytes are samples of just that
        leaks += [f"{_name(path)}: {hit[0]}" for hit in _LEAKS.finditer(text)]
    assert not leaks


def test_both_lock_files_pin_the_same_versions_with_hashes():
    pins = {}
    for lock in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text())[1:]
        pins[lock] = dict(x.split(" ")[0].split("==") for x in entries)
        assert all("--hash=sha256:" in x for x in entries)
    run, dev = pins.values()
    assert run.items() <= dev.items()


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.lock").read_text()
    wanted = {re.match(r"[\w-]+", x)[0] for x in project["dependencies"]}
    assert not {x for x in wanted if not re.search(rf"^{x}==", lock, re.MULTILINE)}


def test_every_dependency_is_imported_somewhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    listed = [*project["dependencies"], *(x for extra in extras for x in extra)]
    wanted = {re.match(r"[\w-]+", x)[0] for x in listed}
    imported = {
        name.split(".")[0]
        for each in TREE.modules
        for node in ast.walk(each.syntax)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [x.name for x in node.names] if isinstance(node, ast.Import) else [node.module]
        )
    }
    spoken = {"backports-zstd": "backports"} | {
        name: "opentelemetry" for name in wanted if name.startswith("opentelemetry-")
    }
    missing = {x for x in wanted if spoken.get(x, x.replace("-", "_")) not in imported}
    assert missing == set(NEVER_IMPORTED)


def test_the_thinking_wing_asks_no_clock():
    """It imports `durations` for its units; there `now_ms` is within reach, and is not for it."""
    wing = ("sources", "pricing", "detect", "analysis", "alerts")
    files = [path for room in wing for path in (ROOT / "costtop" / room).rglob("*.py")]
    assert files
    assert not [_name(path) for path in files if "now_ms" in path.read_text()]


def test_what_tests_and_scripts_import_of_the_package_exists():
    """Also what they import inside functions, and in the code that they hand to children."""
    pattern = re.compile(r"from (costtop[\w.]*) import (\([^)]*\)|[^\n;\\\"']+)")
    missing = set()
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("scripts/**/*.py")]:
        for module, listed in pattern.findall(path.read_text()):
            try:
                found = importlib.import_module(module)
            except ModuleNotFoundError as error:
                if (error.name or "").startswith("costtop"):
                    missing.add(f"{_name(path)}: {module}")
                continue  # an extra that is not installed
            for name in re.findall(r"(\w+)(?: as \w+)?", re.sub(r"#.*", "", listed)):
                below = hasattr(found, "__path__") and importlib.util.find_spec(f"{module}.{name}")
                if not hasattr(found, name) and not below:
                    missing.add(f"{_name(path)}: {module}.{name}")
    assert not missing
