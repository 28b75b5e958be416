"""Where logs are looked for: every built-in format, the config's entries, costtop's own spool."""

import os
from collections.abc import Mapping
from pathlib import Path

from costtop.config import Config
from costtop.errors import ConfigError
from costtop.paths import Paths
from costtop.sources import SOURCE, SOURCES
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
        label = f"{source.name}:{entry.name}"
        found += [rooted_glob(glob, source.shape, label) for glob in entry.paths]
    found.append(rooted(paths.spool, ("*.jsonl",), "lines", f"{SPOOL}:{SPOOL}"))
    return found
