"""Where logs are looked for: every built-in format, the config's entries, costtop's own spool."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath

from costtop.config import Config
from costtop.errors import ConfigError
from costtop.paths import Paths
from costtop.sources.fold.source import Source
from costtop.sources.registry import SOURCE, SOURCES
from costtop.tail.roots import Root, rooted, rooted_glob

SPOOL = "costtop"  # the format of the spool


def roots(config: Config, paths: Paths, environ: Mapping[str, str] = os.environ) -> list[Root]:
    """Every root; `label` is "format:name". Raises ConfigError for a format that is not known.

    A tool that is off is off in all its formats: "opencode" means "opencode.json" too.
    """
    home = Path(environ.get("HOME") or Path.home())
    found = [
        rooted(folder, source.patterns, source.shape, f"{source.name}:{source.name}")
        for source in SOURCES
        if not {source.name, source.name.partition(".")[0]} & set(config.off)
        for folder in source.roots(environ, home)
    ]
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


def _form(source: Source, glob: str) -> Source:
    """The tool's format that files of this name are in: "gemini-cli" may be .jsonl, .json, .log.

    The format that was asked for, unless only another one of the same tool has such names.
    """
    suffix = PurePath(glob).suffix
    forms = [source, *(other for other in SOURCES if other.name.startswith(f"{source.name}."))]
    fitting = (x for x in forms if suffix in {PurePath(name).suffix for name in x.patterns})
    return next(fitting, source)
