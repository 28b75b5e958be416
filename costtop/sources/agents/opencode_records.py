"""The shapes of OpenCode's messages (FORMATS 5), alike in its databases and its older JSON files.

It opens nothing and decides nothing but how a message's tokens are counted. No type here has a
field for text.
"""

import msgspec

from costtop.model import Call, Context, TaskFact, Tokens, ToolUse
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, disjoint, dollars, folder, text
from costtop.sources.fold.times import stamp

ABORTED = "MessageAbortedError"


class Cache(msgspec.Struct):
    """Tokens read from and written to the cache, beside the input."""

    read: Count = None
    write: Count = None


class MessageTokens(msgspec.Struct):
    """Five counts that do not overlap: reasoning stands beside the output too."""

    input: Count = None
    output: Count = None
    reasoning: Count = None
    cache: Cache | None = None


class MessageRecord(msgspec.Struct):
    """What `message.data` says; old files hold the ids in it as well."""

    id: Loose = None
    session: Loose = msgspec.field(name="sessionID", default=None)
    role: Loose = None
    parent: Loose = msgspec.field(name="parentID", default=None)  # the prompt that it answers
    model_id: Loose = msgspec.field(name="modelID", default=None)
    provider_id: Loose = msgspec.field(name="providerID", default=None)
    model: Loose = None
    cost: Loose = None
    tokens: MessageTokens | None = None
    time: Loose = None
    finish: Loose = None
    error: Loose = None
    path: Loose = None
    outcome: Loose = None  # of an idle row


class SessionRecord(msgspec.Struct):
    """A session's file in the older JSON storage."""

    id: Loose = None
    directory: Loose = None
    parent: Loose = msgspec.field(name="parentID", default=None)
    version: Loose = None
    time: Loose = None


class Owner(msgspec.Struct, gc=False):
    """What stands beside a message: its ids, session and folder; the task as soon as it is told."""

    source: str
    id: str
    session: str
    parent: str  # the session that started this one
    cwd: str
    project: str
    created: object
    seen: int
    task: str = ""
    nth: object = 0  # messages of the same moment before it in its session


MESSAGE = msgspec.json.Decoder(MessageRecord)
SESSION = msgspec.json.Decoder(SessionRecord)


def inner(value: object, name: str) -> object:
    """`value[name]` of an object, None of anything else."""
    return value.get(name) if isinstance(value, dict) else None


def _context(whose: Owner, message: MessageRecord) -> Context:
    """Where the work is done; the folder that a message names comes before its session's."""
    cwd = folder(inner(message.path, "cwd"))
    return Context(cwd or whose.cwd, project=whose.project, task=whose.task)


def tokens_of(used: MessageTokens | None) -> Tokens:
    """The counts in costtop's meaning."""
    if used is None:
        return Tokens()
    cache = used.cache or Cache()
    thought = used.reasoning or 0
    return disjoint(used.input, cache.read, cache.write, (used.output or 0) + thought, thought)


def call_of(
    message: MessageRecord, whose: Owner, offset: int, tools: tuple[ToolUse, ...] = ()
) -> Call | None:
    """The call of an assistant's message; None where nothing was used (yet).

    A fork copies messages under new ids, in a session that no row need tie to the first: the key
    is made of what it keeps and what does not grow, the model and the times. Until the second time
    is there, a message yields to what it becomes. One that was aborted before it got its counts
    was billed, nobody knows how much. A cost of 0 is written for subscriptions and for models
    without a price: it says nothing.
    """
    tokens = tokens_of(message.tokens)
    error = text(inner(message.error, "name"))
    if tokens == Tokens() and not error:
        return None
    model = _model(message)
    provider = text(message.provider_id) or text(inner(message.model, "providerID"))
    created, completed = inner(message.time, "created"), inner(message.time, "completed")
    created = whose.created if created is None else created
    over = completed is not None or bool(error)
    turn = f"{error or completed}/{whose.nth}" if over else "growing"
    return Call(
        keys.paired(f"{whose.source}/{created}/{provider}/{model}", turn),
        whose.source,
        whose.session,
        model,
        tokens,
        stamp(created, whose.seen),
        _context(whose, message),
        provider=provider,
        reported=dollars(message.cost) or None,
        status="error" if error and error != ABORTED else "ok",
        yields=not over,
        placeholder=tokens == Tokens() and error == ABORTED,
        offset=offset,
        tools=tools,
    )


def task_facts(message: MessageRecord, whose: Owner, at: int) -> list[TaskFact]:
    """The prompt that the message of `at` answers began; it ended if this was the last answer."""
    task = text(message.parent)
    if not task or whose.parent:
        return []
    facts = [TaskFact(whose.source, whose.session, task, "started", at)]
    error = text(inner(message.error, "name"))
    completed = inner(message.time, "completed")
    at = at if completed is None else stamp(completed, whose.seen)
    if error == ABORTED:
        facts.append(TaskFact(whose.source, whose.session, task, "aborted", at))
    elif message.finish == "stop" and not error:
        facts.append(TaskFact(whose.source, whose.session, task, "completed", at))
    return facts


def _model(message: MessageRecord) -> str:
    told = message.model
    named = text(message.model_id) or text(inner(told, "id")) or text(inner(told, "modelID"))
    return named or text(told) or "unknown"
