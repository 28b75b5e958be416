"""Walks an OTLP message in its JSON form and hands out flat records. It knows no tool's names.

The form is that of OTLP/JSON and of what `receive.otlp_plain` makes of protobuf: dicts and lists,
64-bit ints as text, ids in hex. Nothing is trusted: what has the wrong shape is passed over, and
text is cut, for prompts and replies may stand beside the counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from costtop.money import NANO, from_dollars
from costtop.named_tuples import NamedTuple
from costtop.sources.fold.json_lines import LARGEST, Unreadable
from costtop.sources.fold.times import AHEAD, EARLIEST
from costtop.text import clean

Value = str | int | float | bool
Said = Mapping[str, Value]

EXPORTED = "costtop.exported"  # of a resource: costtop's own sums, on their way out
ATTRIBUTES = 256  # read of one record
_TEXT = 400  # characters kept of one value
_DEAREST = 1_000_000 * NANO
_DELTA = (1, "1", "AGGREGATION_TEMPORALITY_DELTA")
_FAILED = (2, "2", "STATUS_CODE_ERROR")


class Record(NamedTuple):
    """A span or a log record. `whose` holds the attributes of its resource, `scope` a name."""

    name: str
    said: Said
    whose: Said
    scope: str
    at: int  # ms UTC: a span's end, an event's time; 0 where it says none
    trace: str
    span: str
    failed: bool = False
    parent: str = ""  # the span around it
    began: int = 0  # ms UTC; 0 where it says none


class Point(NamedTuple):
    """One data point of a metric: a sum's value, or a histogram's sum and count."""

    name: str
    said: Said
    whose: Said
    start: int  # ns
    time: int  # ns
    value: float
    requests: int  # behind a histogram's sum; 0 for a plain sum
    delta: bool


def spans(tree: Any) -> Iterator[Record]:
    """Every span of an ExportTraceServiceRequest."""
    for whose, scope, span in _items(tree, "resourceSpans", "scopeSpans", "spans"):
        status = span.get("status")
        failed = isinstance(status, dict) and status.get("code") in _FAILED
        ended = whole(span.get("endTimeUnixNano")) or whole(span.get("startTimeUnixNano"))
        yield Record(
            name=_text(span.get("name")),
            said=flat(span.get("attributes")),
            whose=whose,
            scope=scope,
            at=ended // 1_000_000,
            trace=_id(span.get("traceId")),
            span=_id(span.get("spanId")),
            failed=failed,
            parent=_id(span.get("parentSpanId")),
            began=whole(span.get("startTimeUnixNano")) // 1_000_000,
        )


def logs(tree: Any) -> Iterator[Record]:
    """Every record of an ExportLogsServiceRequest; its name is the event's."""
    for whose, scope, row in _items(tree, "resourceLogs", "scopeLogs", "logRecords"):
        said = flat(row.get("attributes"))
        at = whole(row.get("timeUnixNano")) or whole(row.get("observedTimeUnixNano"))
        yield Record(
            name=_event(row, said),
            said=said,
            whose=whose,
            scope=scope,
            at=at // 1_000_000,
            trace=_id(row.get("traceId")),
            span=_id(row.get("spanId")),
        )


def _event(row: Mapping[str, Any], said: Said) -> str:
    """The event's full name: some write it in the body and only its last part elsewhere.

    Codex has the line of its code as the name ("event otel/src/x.rs:1187") and its own beside it.
    """
    body = row.get("body")
    told = body.get("stringValue") if isinstance(body, dict) else None
    names = [_text(name) for name in (row.get("eventName"), said.get("event.name"), told)]
    full = (name for name in names if "." in name and "/" not in name)
    return next(full, next(filter(None, names), ""))


def points(tree: Any) -> Iterator[Point]:
    """Every point of sums and histograms of an ExportMetricsServiceRequest."""
    for whose, _, metric in _items(tree, "resourceMetrics", "scopeMetrics", "metrics"):
        name = _text(metric.get("name"))
        for kind in ("sum", "histogram", "exponentialHistogram"):
            held = metric.get(kind)
            if not isinstance(held, dict):
                continue
            delta = held.get("aggregationTemporality") in _DELTA
            for point in _dicts(held.get("dataPoints")):
                yield Point(
                    name=name,
                    said=flat(point.get("attributes")),
                    whose=whose,
                    start=whole(point.get("startTimeUnixNano")),
                    time=whole(point.get("timeUnixNano")),
                    value=_number(point),
                    requests=whole(point.get("count")),
                    delta=delta,
                )


def _items(tree: Any, *levels: str) -> Iterator[tuple[Said, str, Mapping[str, Any]]]:
    outer, middle, inner = levels
    for group in _dicts(tree.get(outer) if isinstance(tree, dict) else None):
        resource = group.get("resource")
        whose = flat(resource.get("attributes")) if isinstance(resource, dict) else {}
        if whose.get(EXPORTED) is True:
            continue  # sums that costtop sent, back by way of a collector
        for scoped in _dicts(group.get(middle)):
            scope = scoped.get("scope")
            name = _text(scope.get("name")) if isinstance(scope, dict) else ""
            for item in _dicts(scoped.get(inner)):
                yield whose, name, item


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def flat(attributes: Any) -> dict[str, Value]:
    """A list of key-value pairs as a dict of plain values; lists and nested values are left out."""
    found: dict[str, Value] = {}
    for pair in attributes[:ATTRIBUTES] if isinstance(attributes, list) else ():
        if not isinstance(pair, dict):
            continue
        name, value = pair.get("key"), pair.get("value")
        if isinstance(name, str) and isinstance(value, dict):
            plain = _plain(value)
            if plain is not None:
                found[name] = plain
    return found


def _plain(value: Mapping[str, Any]) -> Value | None:
    text = value.get("stringValue")
    if isinstance(text, str):
        return text[:_TEXT]
    if "intValue" in value:
        return whole(value["intValue"])
    for kind in ("doubleValue", "boolValue"):
        held = value.get(kind)
        if isinstance(held, int | float):
            return held
    return None


def _number(point: Mapping[str, Any]) -> float:
    for kind in ("asInt", "asDouble", "sum"):
        value = point.get(kind)
        if isinstance(value, str):
            return float(whole(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value) if value == value and abs(value) < 1e15 else 0.0
    return 0.0


def whole(value: Any) -> int:
    """An int that OTLP/JSON writes as text or number; 0 where it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) < 20 and value.removeprefix("-").isdecimal():
        return int(value)
    return 0


def _id(value: Any) -> str:
    text = value.lower() if isinstance(value, str) and len(value) <= 64 else ""
    return text if text.strip("0") else ""


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def named(said: Said, names: Sequence[str]) -> str:
    """The first of `names` with a text, cleaned; ids may be numbers."""
    for name in names:
        value = said.get(name)
        if value is None:
            continue  # as most are
        if isinstance(value, str) and value:
            return clean(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def count(said: Said, *names: str) -> int:
    """The first of `names` as a token count, 0 without one; raises Unreadable for a wrong value."""
    for name in names:
        value = said.get(name)
        if value is None:
            continue
        number = whole(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST:
            raise Unreadable(f"`{name}` is not a count of tokens", malformed=False)
        return number
    return 0


def cost(said: Said, *names: str) -> int | None:
    """Nano-dollars of the first of `names`, None where absent or absurd."""
    for name in names:
        value = said.get(name)
        try:
            number = float(value) if value is not None else -1.0
        except ValueError:
            continue
        if 0 <= number * NANO <= _DEAREST:
            return from_dollars(number)
    return None


def held(at: int, seen: int) -> int:
    """A time inside the range that is believed (RELIABILITY R8); `seen` for none."""
    if not at:
        return seen
    return max(EARLIEST, min(at, seen + AHEAD) if seen else at)
