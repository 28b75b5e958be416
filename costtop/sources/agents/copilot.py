"""GitHub Copilot CLI: the session store where there is one, else event logs as a floor (FORMATS 6).

The store has a row for each request. An event log tells only the output of each message while it
runs, and sums a model up when the session shuts down; its calls yield to the store's. What is
counted is what the tokens would cost; the credits that GitHub bills stand beside it as reported.
"""

from costtop.model import SessionFact, Tokens
from costtop.sources.agents import copilot_records as records
from costtop.sources.fold import keys
from costtop.sources.fold.fields import inclusive, text, whole
from costtop.sources.fold.formats import Log, Row, below, lines, rows, tool
from costtop.sources.fold.json_lines import decoded
from costtop.sources.fold.source import Query

NAME, PROVIDER = "copilot", "github-copilot"
_NEEDLES = (
    b'"assistant.message"', b'"session.', b'"tool.execution_complete"', b'"user.message"',
    b'"assistant.turn_end"', b'"subagent.', b'"abort"',
)  # fmt: skip

# Older stores have no column of credits: its name then means the NULL beside them.
_STORE = """
SELECT u.id AS mark, u.session_id, u.model, u.input_tokens, u.output_tokens, u.cache_read_tokens,
  u.cache_write_tokens, u.reasoning_tokens, u.created_at,
  (SELECT total_nano_aiu FROM assistant_usage_events x WHERE x.id = u.id) AS credits
FROM assistant_usage_events u, (SELECT NULL AS total_nano_aiu)
WHERE u.id >= coalesce(:since, 0) ORDER BY u.id LIMIT :limit"""

_COUNTS = tuple(
    f"{kind}_tokens" for kind in ("input", "cache_read", "cache_write", "output", "reasoning")
)

QUERIES = (Query("usage", _STORE, "mark", ("assistant_usage_events",), 50),)


def _row(log: Log, row: Row) -> None:
    mark, session = row.get("mark"), text(row.get("session_id"))
    if not session or not isinstance(mark, int):
        return
    log.session = session
    tokens = inclusive(*[whole(row.get(column)) for column in _COUNTS])
    key = _key(log, f"store/{mark}/{row.get('created_at')}")
    billed = records.nano_dollars(row.get("credits")) or None
    at = log.at(row.get("created_at"))
    log.call(key, row.get("model"), tokens, at, provider=PROVIDER, reported=billed)


def _key(log: Log, name: str) -> bytes:
    return keys.paired(f"{NAME}/{log.session}", name)


def _whose(log: Log) -> None:
    chunk = log.chunk
    log.session = text(chunk.folder if chunk.parts[-1] == "events.jsonl" else chunk.stem)


def _line(log: Log, line: records.LogLine) -> None:
    at, kind, data = log.at(line.timestamp), line.type, bytes(line.data)
    if kind in ("session.start", "session.resume"):
        _started(log, decoded(records.START, data), kind == "session.start", at)
    elif kind in ("session.model_change", "session.auto_mode_resolved"):
        change = decoded(records.START, data)
        _model(log, change.new_model or change.chosen_model)
    elif kind == "user.message":
        log.asked(text(line.id), at)
    elif kind == "assistant.message":
        _message(log, decoded(records.MESSAGE, data), text(line.id), at)
    elif kind == "tool.execution_complete":
        done = decoded(records.TOOL, data)
        log.answered(text(done.id), done.success is False, bytes(done.result))
    elif kind == "session.shutdown":
        _shutdown(log, decoded(records.SHUTDOWN, data), at)
    elif kind == "session.usage_checkpoint":
        premium = records.premium(decoded(records.SHUTDOWN, data).total_premium_requests)
        if premium is not None:
            log.events.append(SessionFact(NAME, log.session, at=at, premium=premium))
    elif kind == "abort":
        log.ended("aborted", at)
    elif kind == "assistant.turn_end":
        _turn_ended(log, at)
    elif kind == "subagent.started":
        agent = decoded(records.AGENT, data)
        if name := text(agent.tool):
            log.events.append(SessionFact(NAME, log.session, name, at=at,
                                          agent_type=text(agent.name)))  # fmt: skip


def _started(log: Log, start: records.Start, fresh: bool, at: int) -> None:
    _model(log, start.selected_model)
    if place := start.context:
        log.memo.pop("where", None)
        log.works_in(text(place.cwd), text(place.branch), text(place.git_root))
    log.about(at, at if fresh else None, version=text(start.version))


def _model(log: Log, model: object) -> None:
    name = text(model)
    log.remember(model="" if name == "auto" else name)


def _message(log: Log, message: records.MessageEvent, line_id: str, at: int) -> None:
    """One reply: its output is known, its input is not, so it is a floor."""
    output = message.output or 0
    name = text(message.id) or line_id
    if not name or not (output or message.tools):
        return
    tools = [tool(x.id, x.name, x.arguments) for x in message.tools or ()]
    log.agent = text(message.agent)
    if not output:
        log.replied(at, busy=True)
    else:
        model = text(message.model) or log.memo.get("model", "")
        outputs = log.memo.setdefault("outputs", {})  # of each model since the last shutdown
        outputs[model] = outputs.get(model, 0) + output
        log.reply(
            _key(log, f"message/{name}"), model, Tokens(output=output), at, tools,
            provider=PROVIDER, request=text(message.request), placeholder=True,
            estimated=not model, yields=True,
        )  # fmt: skip
    log.agent = ""


def _shutdown(log: Log, told: records.Shutdown, at: int) -> None:
    """What the sums of a model say beyond the messages: its input, and what was missed.

    Sums go on over a resumed session and begin anew when one falls (a compaction).
    """
    log.memo["legs"] = leg = int(log.memo.get("legs", 0)) + 1
    outputs, credits = log.memo.pop("outputs", {}), told.credits()
    for model, used in told.sums().items():
        plain, read, write, output, reasoning = _grown(log, model, used)
        output = max(0, output - outputs.get(model, 0))
        billed = _billed(log, model, credits.get(model, 0))
        if plain or output or billed:
            log.call(
                _key(log, f"shutdown/{leg}/{model}"), model,
                inclusive(plain, read, write, output, reasoning), at, provider=PROVIDER,
                reported=billed or None, estimated=True, yields=True,
            )  # fmt: skip
    _turn_ended(log, at)
    premium = records.premium(told.total_premium_requests)
    log.events.append(SessionFact(NAME, log.session, ended=at, at=at, premium=premium))


def _grown(log: Log, model: str, used: records.ModelUsage) -> list[int]:
    """What the sums of a model say beyond those of the shutdown before."""
    now = [used.input or 0, used.read or 0, used.write or 0, used.output or 0, used.reasoning or 0]
    totals = log.memo.setdefault("totals", {})
    before = totals.get(model, [0] * len(now))
    totals[model] = now
    grown = [x - y for x, y in zip(now, before, strict=True)]
    return now if min(grown) < 0 else grown


def _billed(log: Log, model: str, nanos: int) -> int:
    """What was billed for a model since the shutdown before."""
    totals = log.memo.setdefault("billed", {})
    before = totals.get(model, 0)
    totals[model] = nanos
    return nanos - before if nanos >= before else nanos


def _turn_ended(log: Log, at: int) -> None:
    if not log.turn.get("busy", True):
        log.ended("completed", at)


_ROOTS = below("COPILOT_HOME", ".copilot")
STORE = rows(QUERIES, _row).source(NAME, "GitHub Copilot CLI", _ROOTS, "session-store.db")
SOURCE = lines(records.LINE, _NEEDLES, _line, _whose).source(
    f"{NAME}.events", "GitHub Copilot CLI, event logs", _ROOTS,
    "session-state/*/events.jsonl", "session-state/*.jsonl",
)  # fmt: skip
