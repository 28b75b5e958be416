"""Which feature a call belongs to: its tag, a rule of the config, else branch or project. Pure."""

import json
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from costtop.config import FeatureRule
from costtop.model import Context

_DEFAULT_BRANCHES = {"", "main", "master", "trunk", "HEAD"}


def feature_of(rules: Sequence[FeatureRule], home: str) -> Callable[[Context, str, str], str]:
    """A function (context, source, model) -> feature; the first rule that matches wins."""
    made = [(rule.name, _expanded(rule.match, home)) for rule in rules]

    def resolve(context: Context, source: str, model: str) -> str:
        if context.feature:
            return context.feature
        for name, match in made:
            if all(_matches(key, glob, context, source, model) for key, glob in match.items()):
                return name
        if context.branch not in _DEFAULT_BRANCHES:
            return context.branch
        return context.project.rstrip("/").rpartition("/")[2]  # a folder by its own name

    return resolve


def _expanded(match: dict[str, str], home: str) -> dict[str, str]:
    return {
        key: home + glob[1:] if key == "cwd" and glob.startswith("~") else glob
        for key, glob in match.items()
    }


def _matches(key: str, glob: str, context: Context, source: str, model: str) -> bool:
    if key == "tag":
        tags = json.loads(context.tags) if context.tags else {}
        return any(fnmatchcase(f"{name}={value}", glob) for name, value in tags.items())
    value = str({"model": model, "source": source}.get(key) or getattr(context, key, ""))
    if glob.endswith("/**") and value == glob[:-3]:
        return True  # the folder itself is below the folder
    return fnmatchcase(value, glob)
