"""Where logs are looked for: every built-in format, the config's entries, costtop's own spool."""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from costtop.config import Config
from costtop.errors import ConfigError
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.sources.fold.source import Source
from costtop.sources.registry import SOURCE, SOURCES
from costtop.tail.roots import Root, rooted, rooted_glob

_LISTED = "crush"  # a tool that lists where its logs are
SPOOL = "costtop"  # the format of the spool
# Further homes of a tool by their names, unless its variable names the one that is meant.
_SECOND = {
    "claude-code": ("CLAUDE_CONFIG_DIR", ".claude*"),
    "codex": ("CODEX_HOME", ".codex*"),
}
_HOMES = (  # what tools take their home from, which a shell may set for one agent alone
    *("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "QWEN_DATA_DIR", "OPENCODE_DATA_DIR"),
    *("GOOSE_PATH_ROOT", "AMP_DATA_DIR", "KIMI_CODE_HOME", "OPENHANDS_CONVERSATIONS_DIR"),
    *("COPILOT_HOME", "GROK_HOME", "OPENCLAW_STATE_DIR", "PI_CODING_AGENT_DIR", "KILO_DB"),
    *("FACTORY_HOME_OVERRIDE", "CONTINUE_GLOBAL_DIR", "CRUSH_GLOBAL_DATA"),
)
_DESKTOP = tuple(
    f"{config}/local-agent-mode-sessions"
    for config in (".config/Claude", "Library/Application Support/Claude")
)

# What has to be there for one of a tool's roots to be, so that a format whose tool can have no logs
# on this machine is not loaded. A tool that is not listed may always have logs.
_Usual = tuple[tuple[str, ...], tuple[str, ...]]  # variables that move it; folders in the home
_DATA = "XDG_DATA_HOME"
_SHARED = ".local/share"
_MAC = "Library/Application Support"
_NOWHERE: _Usual = ((), ())
_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_EDITOR_FOLDERS = (
    *(f"{config}/{editor}/User" for config in (".config", _MAC) for editor in _EDITORS),
    *(f".{editor}-server/data/User" for editor in ("vscode", "cursor", "windsurf")),
    ".vscode-server-insiders/data/User",
)


def _extension(name: str, *more: str) -> _Usual:
    """Where an extension of VS Code, and of what is made of it, keeps what it knows."""
    below = f"globalStorage/{name}"
    return ("XDG_CONFIG_HOME",), (*(f"{folder}/{below}" for folder in _EDITOR_FOLDERS), *more)


USUAL: Mapping[str, _Usual] = {
    "gemini-cli": (("GEMINI_CLI_HOME", "GEMINI_TELEMETRY_OUTFILE"), (".gemini",)),
    "qwen-code": (("QWEN_DATA_DIR",), (".qwen",)),
    "opencode": (("OPENCODE_DATA_DIR", "OPENCODE_DB", _DATA), (f"{_SHARED}/opencode",)),
    "kilo": (("KILO_DB", _DATA), (f"{_SHARED}/kilo", f"{_MAC}/kilo")),
    "goose": (("GOOSE_PATH_ROOT", _DATA), (f"{_SHARED}/goose",)),
    "copilot": (("COPILOT_HOME",), (".copilot",)),
    "amp": (("AMP_DATA_DIR", _DATA), (f"{_SHARED}/amp",)),
    "pi": (("PI_CODING_AGENT_DIR",), (".pi",)),
    "oh-my-pi": ((), (".omp",)),
    "openclaw": (("OPENCLAW_STATE_DIR",), (".openclaw",)),
    "openhands": (("OPENHANDS_CONVERSATIONS_DIR",), (".openhands",)),
    "grok": (("GROK_HOME",), (".grok",)),
    "kimi": (("KIMI_CODE_HOME",), (".kimi-code",)),
    "crush": (("CRUSH_GLOBAL_DATA", _DATA), (f"{_SHARED}/crush",)),
    "zed": ((_DATA,), (f"{_SHARED}/zed", ".var/app/dev.zed.Zed", f"{_MAC}/Zed")),
    "droid": (("FACTORY_HOME_OVERRIDE",), (".factory",)),
    "continue": (("CONTINUE_GLOBAL_DIR",), (".continue",)),
    "cline": _extension("saoudrizwan.claude-dev", ".cline"),
    "roo-code": _extension("rooveterinaryinc.roo-cline"),
    "kilo-code": _extension("kilocode.kilo-code"),
    "costtop": _NOWHERE,
    "aider": _NOWHERE,
    "otlp": _NOWHERE,
    "litellm": _NOWHERE,
    "api-responses": _NOWHERE,
    "claude-stream": _NOWHERE,
}
"""By the tool: "opencode" means "opencode.json" too. A test compares it with the formats."""


def roots(
    config: Config,
    paths: Paths,
    environ: Mapping[str, str] = os.environ,
    *,
    once: bool = False,
) -> list[Root]:
    """Every root; `label` is "format:name". Raises ConfigError for a format that is not known.

    A tool that is off is off in all its formats: "opencode" means "opencode.json" too. For one look
    (`once`) no format is loaded that cannot have logs here now.
    """
    home = _home(environ)
    wanted = [
        SOURCE[name]
        for name in SOURCE
        if not _is_off(name, config) and not (once and _is_nowhere(name, environ))
    ]
    found = [_root(source, folder) for source in wanted for folder in source.roots(environ, home)]
    second = (one for one in second_homes(environ) if one[0] in wanted)
    found += (_root(source, folder) for source, folder in second)
    for entry in config.source:
        source = SOURCE.get(entry.format)
        if source is None:
            known = ", ".join(sorted(SOURCE))
            raise ConfigError(f'source "{entry.name}": format "{entry.format}"; one of {known}')
        for glob in entry.paths:
            form = _form(source, glob)
            found.append(rooted_glob(glob, form.shape, f"{form.name}:{entry.name}"))
    found.append(rooted(paths.spool, ("*.jsonl",), "lines", f"{SPOOL}:{SPOOL}"))
    return found


def second_homes(environ: Mapping[str, str] = os.environ) -> list[tuple[Source, Path]]:
    """Folders that exist in further homes of a tool, such as ~/.claude-work/projects.

    Crush has one in each project; a list beside its settings names them.
    """
    home = _home(environ)
    found: dict[tuple[str, Path], Source] = {}
    listing_tools = () if _is_nowhere(_LISTED, environ) else (SOURCE[_LISTED],)
    for folder in (one for tool in listing_tools for one in tool.roots(environ, home)):
        with suppress(OSError):
            listing = (folder / "projects.json").read_bytes()
            from costtop.sources.agents import crush  # the formats load as they are asked for

            there = (place for place in crush.projects(listing) if place.is_dir())
            found |= {(_LISTED, place): SOURCE[_LISTED] for place in there}
    for name, (variable, glob) in _SECOND.items():
        for folder in sorted(home.glob(glob)) if not environ.get(variable) else ():
            found |= _added((SOURCE[name],), environ, {variable: str(folder)})
    return [(source, folder) for (_, folder), source in found.items()]


def _added(
    sources: Iterable[Source], environ: Mapping[str, str], more: Mapping[str, str]
) -> dict[tuple[str, Path], Source]:
    """The folders that sources have with these variables and not without, where they exist."""
    home = _home(environ)
    return {
        (source.name, folder): source
        for source in sources
        for folder in source.roots({**environ, **more}, home)
        if folder not in source.roots(environ, home) and folder.is_dir()
    }


class Unread(NamedTuple):
    """Logs that are there and not read, why, and the lines for config.toml that read them."""

    title: str
    folder: str
    why: str
    lines: str


def unread(read: Collection[str], environ: Mapping[str, str] = os.environ) -> list[Unread]:
    """What `doctor` lists of logs in folders that are not among those that are `read`.

    The homes that running agents of this user name in their environment, those that this shell
    names, and the sessions of Claude Desktop's local agents.
    """
    found: dict[str, Unread] = {}
    for variables, pid in _told_by_processes().items():
        why = f"process {pid} runs with {' '.join(f'{k}={v}' for k, v in variables)}"
        for (name, folder), source in _added(SOURCES, environ, dict(variables)).items():
            patterns = [f"{folder}/{pattern}" for pattern in source.patterns]
            found[str(folder)] = Unread(source.title, str(folder), why, _lines(name, patterns))
    for folder in (_home(environ) / below for below in _DESKTOP):
        if folder.is_dir():
            lines = _lines("claude-code", [f"{folder}/**/.claude/projects/**/*.jsonl"])
            found[str(folder)] = Unread("Claude Desktop", str(folder), "its local agents", lines)
    return [one for one in found.values() if not _is_read(one.folder, read)]


def _told_by_processes() -> dict[tuple[tuple[str, str], ...], int]:
    """What this user's processes say of tools' homes, each with one that says it."""
    from costtop.processes.inspect.inspector import system_inspector

    inspector, found = system_inspector(), {}
    for pid in inspector.census():
        try:
            if inspector.owners(pid)[:1] == (os.getuid(),):
                found[tuple(sorted(inspector.environ(pid, _HOMES).items()))] = pid
        except OSError:
            continue  # it has gone, or is not to be looked into
    found.pop((), None)
    return found


def _is_read(folder: str, read: Collection[str]) -> bool:
    real = os.path.realpath(folder)
    return any(
        (real + "/").startswith(os.path.realpath(one).rstrip("/") + "/")
        or os.path.realpath(one).startswith(real + "/")
        for one in read
    )


def _lines(name: str, patterns: Sequence[str]) -> str:
    # A TOML string of JSON: the name of a folder may hold a quote.
    paths = json.dumps(list(patterns), ensure_ascii=False)
    return f'[[source]]\nname = "{name}"\nformat = "{name}"\npaths = {paths}'


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _root(source: Source, folder: Path) -> Root:
    return rooted(folder, source.patterns, source.shape, f"{source.name}:{source.name}")


def _is_off(name: str, config: Config) -> bool:
    return bool({name, name.partition(".")[0]} & set(config.off))


def may_have_logs(name: str, environ: Mapping[str, str], home: str) -> bool:
    """Whether one of a format's roots may be there."""
    usual = USUAL.get(name.partition(".")[0])
    if usual is None:
        return True
    variables, folders = usual
    moved = any(environ.get(variable) for variable in variables)
    return moved or any(os.path.exists(f"{home}/{folder}") for folder in folders)


def _is_nowhere(name: str, environ: Mapping[str, str]) -> bool:
    return not may_have_logs(name, environ, str(_home(environ)))


def _form(source: Source, glob: str) -> Source:
    """The tool's format that files of this name are in: "gemini-cli" may be .jsonl, .json, .log.

    The format that was asked for, unless only another one of the same tool has such names.
    """
    suffix = PurePath(glob).suffix
    forms = [source, *(other for other in SOURCES if other.name.startswith(f"{source.name}."))]
    fitting = (x for x in forms if suffix in {PurePath(name).suffix for name in x.patterns})
    return next(fitting, source)
