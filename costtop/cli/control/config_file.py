"""`costtop config`: where the configuration is, what holds and from where, whether it is right."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from costtop import config as configuration
from costtop import config_mistakes, paths
from costtop.cli.control import config_edit
from costtop.cli.parser import Parser, Verbs
from costtop.cli.tables import put, put_json
from costtop.config_mistakes import SECRET, Place, shown
from costtop.errors import ConfigError, CosttopError
from costtop.paths import Paths

Setting = tuple[Place, Any, str]
"""A setting's place, its value, and where it was set: "default" or "config.toml:12"."""
_MANY = {*((name,) for name in configuration.LISTS), ("fleet", "budget")}  # lists of tables


def add(parser: Parser, name: str) -> None:
    """Adds `config` with its verbs; without one it says where the file is."""
    parser.says(
        "The configuration: where it is, what holds and from where, whether it is right.",
        "costtop config path",
        "costtop config show --origin",
        "costtop config check",
        "costtop config edit",
        "costtop config example",
    )
    parser.set_defaults(run=_path)
    parser.add_argument("--json", action="store_true", help="where the file is, as JSON")
    verbs = parser.verbs("path|show|check|edit|example")
    _add_questions(verbs)
    edit = verbs.add_parser("edit")
    edit.says(
        "Opens a draft in your editor (VISUAL, EDITOR), and saves it only once it is right.",
        "costtop config edit",
    )
    edit.set_defaults(run=config_edit.run)
    example = verbs.add_parser("example")
    example.says(
        "Every setting with its default and a sentence on it, to copy from.",
        "costtop config example | less",
    )
    example.set_defaults(run=_example)


def _add_questions(verbs: Verbs) -> None:
    where = verbs.add_parser("path")
    where.says("Where config.toml is, or would be.", "costtop config path")
    where.add_argument("--json", action="store_true", help="as JSON")
    where.set_defaults(run=_path)
    show = verbs.add_parser("show")
    show.says(
        "All settings that hold, as TOML; of URLs only the service is shown.",
        "costtop config show",
        "costtop config show --origin",
        "costtop config show --json",
    )
    show.add_argument("--origin", action="store_true", help="the file and line of each setting")
    show.add_argument("--json", action="store_true", help="as JSON, with the origins")
    show.set_defaults(run=_show)
    check = verbs.add_parser("check")
    check.says(
        "Whether a daemon could work with it: 0, or 78 with the line and what to write there.",
        "costtop config check",
        "costtop config check --json",
    )
    check.add_argument("--json", action="store_true", help="as JSON")
    check.set_defaults(run=_check)


def _path(options: argparse.Namespace) -> int:
    path = paths.find().config
    if options.json:
        put_json({"schema": 1, "path": str(path), "exists": path.exists()})
    else:
        put(str(path))
    return 0


def _check(options: argparse.Namespace) -> int:
    from costtop.daemon.config_changes import loaded

    found = paths.find()
    try:
        config, missing = loaded(found)
    except ConfigError as error:
        if not options.json:
            raise
        put_json({"schema": 1, "ok": False, "problems": [str(error)], "missing": []})
        return error.exit_code
    if options.json:
        put_json({"schema": 1, "ok": True, "problems": [], "missing": missing})
        return 0
    for line in missing:
        put(f"not there yet: {line}")
    put(f"{_named(found.config)}: {config_edit.counted(config)}")
    return 0


def _example(options: argparse.Namespace) -> int:
    """A wheel has it in the package, a checkout at its top."""
    package = Path(configuration.__file__).parent
    places = (folder / "config.example.toml" for folder in (package, package.parent))
    found = next((path for path in places if path.exists()), None)
    if found is None:
        raise CosttopError("the example is not installed; see: costtop config show")
    put(found.read_text(encoding="utf-8").rstrip())
    return 0


def _named(path: Path) -> str:
    return f"{path} is right" if path.exists() else f"there is no {path}, which is fine"


def _show(options: argparse.Namespace) -> int:
    found = settings(paths.find())
    if options.json:
        put_json({"schema": 1, "settings": [_tree(one) for one in found]})
    else:
        put("\n".join(_lines(found, origin=options.origin)))
    return 0


def _tree(one: Setting) -> dict[str, Any]:
    place, value, origin = one
    return {"key": ".".join(map(str, place)), "value": value, "origin": origin}


def settings(found: Paths) -> list[Setting]:
    """Every setting that holds, those of one table together; raises ConfigError."""
    config = configuration.load(found)
    origins = {path: _Origin(path) for path in (found.config, found.budgets)}
    own = [one.name for one in configuration.own_budgets(found)]
    settings: list[Setting] = []
    for place, value in _walked(msgspec.to_builtins(config), ()):
        origin, at = origins[found.config], place
        if place[:1] == ("budget",):
            name = config.budget[int(place[1])].name
            origin = origins[found.budgets] if name in own else origin
            at = ("budget", origin.names.index(name), *place[2:])
        settings.append((place, _plain(place, value), origin.of(at)))
    return settings


class _Origin:
    """One file, asked for the line of a setting."""

    def __init__(self, path: Path) -> None:
        text, tree = configuration.source(path)
        self._name, self._lines = path.name, config_mistakes.lines(text)
        self.names = [one["name"] for one in tree.get("budget", ())]

    def of(self, place: Place) -> str:
        line = self._lines.get(place)
        return "default" if line is None else f"{self._name}:{line}"


def _walked(tree: dict[str, Any], above: Place) -> Iterator[tuple[Place, Any]]:
    """The settings with their places: plain ones first, as TOML wants them."""
    below: list[tuple[Place, dict[str, Any]]] = []
    for key, value in tree.items():
        if isinstance(value, dict) and key not in ("match", "scope"):
            below.append(((*above, key), value))
        elif (*above, key) in _MANY:
            below += [((*above, key, number), one) for number, one in enumerate(value)]
        elif value is not None:
            yield (*above, key), value
    for place, one in below:
        yield from _walked(one, place)


def _plain(place: Place, value: Any) -> Any:
    """The value, but of a URL only its service: the rest is a secret."""
    if place[-1] not in SECRET or not value:
        return value
    return f"{str(value).partition(':')[0]}:…"


def _lines(found: list[Setting], *, origin: bool) -> Iterator[str]:
    table: Place = ()
    for place, value, where in found:
        if place[:-1] != table:
            table = place[:-1]
            name = ".".join(part for part in table if isinstance(part, str))
            is_item = isinstance(table[-1], int)
            yield f"\n[[{name}]]" if is_item else f"\n[{name}]"
        text = f"{place[-1]} = {shown(value)}"
        yield f"{text:<40}  # {where}" if origin else text
