"""OpenTelemetry as a source: what programs send over OTLP, or a collector writes as JSON lines.

It opens no port. Only requests to a model count; which of several tellings of one request counts
is the store's business (`Call.heard`, `Call.coarse`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from costtop.model import Bad, Call, Event
from costtop.sources.fold.formats import nowhere
from costtop.sources.fold.json_lines import Unreadable, decoded, marked_lines, taken
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.otlp import duplicate_spans, inference_spans, log_events, metrics
from costtop.sources.otlp.record_owner import NAME
from costtop.sources.otlp.records import Record, logs, points, spans

_NEEDLES = (b'"resourceSpans"', b'"resourceLogs"', b'"resourceMetrics"')
_TREE = msgspec.json.Decoder(dict[str, Any])


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The calls of a file with one OTLP message a line; see `source.Source`."""
    events: list[Event] = []

    def read_line(line: bytes, offset: int) -> None:
        nonlocal memo
        tree = decoded(_TREE, line)
        found, memo = told(tree, chunk.seen, memo, offset)
        events.extend(found)

    for start, end, _ in marked_lines(chunk.data, _NEEDLES):
        events += taken(chunk.data[start:end], chunk.offset + start, read_line)
    return events, memo


def told(
    tree: Mapping[str, Any], seen: int, memo: Memo, offset: int = 0
) -> tuple[list[Event], Memo]:
    """The calls of one OTLP message in its JSON form, received at `seen` (ms UTC); never raises.

    `memo` is not changed; the one returned knows the cumulative series of metrics, which services
    tell of single requests, and the requests of the last minutes.
    """
    events: list[Event] = []
    inferred: list[tuple[Record, Call]] = []
    for record, count in _records(tree):
        try:
            call = count(record, seen)
        except Unreadable as error:
            events.append(Bad(offset, str(error)))
            continue
        if call is None:
            continue
        if count is inference_spans.call_of and record.span:
            inferred.append((record, call))
        else:
            events.append(_at(offset, call))
    series = {key: value.copy() for key, value in memo.items()}
    if inferred:
        events += [_at(offset, call) for call in duplicate_spans.joined(inferred, series)]
    for event in events:
        if isinstance(event, Call):
            metrics.note_finer(series, event)
    summed = metrics.calls_of(points(tree), series, seen)
    events += [_at(offset, call) for call in summed]
    return events, series


def _at(offset: int, call: Call) -> Call:
    return call._replace(offset=offset) if offset else call  # what is received has none


def _records(tree: Mapping[str, Any]) -> Iterator[tuple[Record, Any]]:
    """Every record that stands for a request, with the function that counts it."""
    for span in spans(tree):
        if inference_spans.is_inference(span.said):
            yield span, inference_spans.call_of
    for log in logs(tree):
        if kind := log_events.kind_of(log):
            yield log, _counted_as(kind)
        elif log.name == inference_spans.EVENT and inference_spans.is_inference(log.said):
            yield log, inference_spans.call_of


def _counted_as(kind: str) -> Any:
    def count(record: Record, seen: int) -> Call | None:
        return log_events.call_of(record, kind, seen)

    return count


SOURCE = Source(
    NAME, "OpenTelemetry", "lines", roots=nowhere, patterns=("**/*.jsonl", "**/*.json"), read=read
)
