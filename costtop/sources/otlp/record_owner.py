"""Says whose an OTLP record is: source, session, context, provider. It counts no tokens.

Attribute names: OpenTelemetry GenAI conventions (current and legacy), OpenInference, and what
Claude Code, Codex and Gemini CLI document (FORMATS sections 1 to 3 and 9).
"""

from functools import lru_cache

from costtop.model import Context
from costtop.named_tuples import NamedTuple
from costtop.sources.fold.fields import packed
from costtop.sources.otlp.records import Said, Value, named
from costtop.text import clean

NAME = "otlp"

_TOOLS = {
    "claude_code.": "claude-code",
    "claude-code": "claude-code",
    "codex": "codex",
    "gemini_cli.": "gemini-cli",
    "gemini-cli": "gemini-cli",
    "qwen-code": "qwen-code",
}
TOOLS = frozenset(_TOOLS.values())
"""Sources of which the wire names the same sessions as their logs."""
UNNAMED = frozenset({"gemini-cli", "qwen-code"})
"""Sources whose own logs do not name their requests: where there is a log, the wire adds none."""
_SESSION = (
    "gen_ai.conversation.id conversation.id session.id thread.id langfuse.session.id"
    " traceloop.association.properties.session_id"
).split()
_TAGGED_USER = ("costtop.user", "user")  # of a resource: the user's own word, or costtop run's
_USER = (
    "user.email enduser.id user.id user.account_uuid user.account_id"
    " traceloop.association.properties.user_id"
).split()
_FEATURE = ("costtop.feature", "feature")
_TASK = ("costtop.task", "task.id")
_TAGGED_TASK = ("task",)
_STANDARD = tuple(
    (
        "service. telemetry. process. host. os. container. k8s. cloud. deployment. device."
        " faas. webengine. gen_ai. user. session. costtop. app. terminal. organization."
        " openinference."
    ).split()
)
_KNOWN = frozenset((*_FEATURE, *_TAGGED_TASK, *_TAGGED_USER))
_TAGS = 16


class Owner(NamedTuple):
    """Where a record belongs; `service` is the session that its service's aggregates stand in."""

    source: str
    session: str
    service: str
    context: Context


def whose(name: str, said: Said, resource: Said, trace: str = "") -> Owner:
    """Where the record `name` belongs; without a session of its own, to its trace or service."""
    service = named(resource, ("service.name",)) or "unknown service"
    source = _source(name, service)
    session = named(said, _SESSION) or named(resource, _SESSION)
    if not session:
        session = f"{service} {trace[:16]}" if trace else service
    return Owner(source, session, service, _context(said, resource, service, source))


@lru_cache(maxsize=256)
def _source(name: str, service: str) -> str:
    """The tool whose own logs tell of the same sessions, else "otlp"."""
    for text in (name, service.lower()):
        for mark, source in _TOOLS.items():
            if text.startswith(mark):
                return source
    return NAME


def _context(said: Said, resource: Said, service: str, source: str) -> Context:
    both = {**resource, **said}
    return Context(
        project=service if source == NAME else "",
        feature=named(both, _FEATURE),
        user=named(resource, _TAGGED_USER) or named(both, _USER),
        task=named(both, _TASK) or named(resource, _TAGGED_TASK),
        host=named(resource, ("host.name",)),
        tags=_tags(resource),
    )


def _tags(resource: Said) -> str:
    """The resource's own attributes, such as OTEL_RESOURCE_ATTRIBUTES=team.id=payments."""
    values = tuple(resource.values())
    return _packed(tuple(resource), values, tuple(map(type, values)))  # True is no 1


@lru_cache(maxsize=64)
def _packed(names: tuple[str, ...], values: tuple[Value, ...], _: tuple[type, ...]) -> str:
    """A resource tells of many records: its tags are made once."""
    kept = {
        clean(name): clean(str(value))
        for name, value in sorted(zip(names, values, strict=True))
        if not name.startswith(_STANDARD) and name not in _KNOWN
    }
    return packed(dict(list(kept.items())[:_TAGS]))
