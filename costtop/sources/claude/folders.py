"""Whose a transcript of Claude Code is, by its path and records. It opens none of them."""

import json
import re
from functools import lru_cache

from costtop.model import Context
from costtop.sources.claude.tokens import text
from costtop.sources.fold.source import Chunk

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def whose(chunk: Chunk) -> tuple[str, str]:
    """(session, agent) that the log's path names; "" for what only the records can say.

    `<session>/subagents/**/agent-X.jsonl` and `agent-X.jsonl` are agents. A file named by a UUID
    is that session, also where a fork copied records of another one into it.
    """
    stem = chunk.stem
    agent = stem.removeprefix("agent-") if stem.startswith("agent-") else ""
    before, found, _ = chunk.path.rpartition("/subagents/")
    if found:
        return text(before.rpartition("/")[2]), text(agent or stem)
    if agent:
        return "", text(agent)
    return (stem, "") if _UUID.fullmatch(stem) else ("", "")


@lru_cache(maxsize=1024)
def context_of(cwd: str, branch: str, project: str, task: str, tags: str) -> Context:
    """The context of one (cwd, branch, first cwd, task, tags): the same object every time."""
    return Context(cwd, branch, project, task=task, tags=tags)


@lru_cache(maxsize=256)
def tags_of(skill: str, plugin: str) -> str:
    """What the tool attributes a call to, as the JSON of `Context.tags`."""
    given = {"plugin": plugin, "skill": skill}
    kept = {name: value for name, value in given.items() if value}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")) if kept else ""
