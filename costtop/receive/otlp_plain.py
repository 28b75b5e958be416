"""Turns OTLP's protobuf messages into the plain values of its JSON form. It judges no content.

Only fields that can matter for a count are taken: names, times, ids, attributes, points. Needs the
extra `otlp` (opentelemetry-proto).
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from costtop.receive.body import Broken

ATTRIBUTES = 256  # of one record; more is no telemetry that anyone meant to send
_TEXT = 4096  # characters of one value: prompts may stand beside the counts
Plain = dict[str, Any]


def from_json(body: bytes) -> Plain:
    """The tree of a JSON body; raises Broken."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        raise Broken("the body is not valid JSON") from None
    if not isinstance(tree, dict):
        raise Broken("the body is not a JSON object")
    return tree


def from_protobuf(signal: str, body: bytes) -> Plain:
    """The tree of a protobuf body of `signal` traces, logs or metrics; raises Broken."""
    kind, levels, plain = _SIGNALS[signal]
    message = kind()
    try:
        message.ParseFromString(body)
    except (DecodeError, RecursionError):
        raise Broken(f"the body is not OTLP {signal} in protobuf") from None
    outer, middle, inner = levels
    return {
        _camel(outer): [
            {
                "resource": _resource(group),
                _camel(middle): [
                    {
                        "scope": {"name": scoped.scope.name},
                        _camel(inner): [plain(item) for item in getattr(scoped, inner)],
                    }
                    for scoped in getattr(group, middle)
                ],
            }
            for group in getattr(message, outer)
        ]
    }


def _camel(name: str) -> str:
    """A field's name as OTLP/JSON spells it: resource_spans -> resourceSpans."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _resource(group: Any) -> Plain:
    return {"attributes": _attributes(group.resource.attributes)}


def _span(span: Any) -> Plain:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name[:_TEXT],
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": _attributes(span.attributes),
        "status": {"code": span.status.code},
    }


def _log(row: Any) -> Plain:
    return {
        "traceId": row.trace_id.hex(),
        "spanId": row.span_id.hex(),
        "eventName": getattr(row, "event_name", ""),
        "timeUnixNano": row.time_unix_nano,
        "observedTimeUnixNano": row.observed_time_unix_nano,
        "body": {"stringValue": row.body.string_value[:_TEXT]},
        "attributes": _attributes(row.attributes),
    }


def _metric(metric: Any) -> Plain:
    kind = metric.WhichOneof("data")
    if kind == "sum":
        points = [_point(point) for point in metric.sum.data_points]
    elif kind in ("histogram", "exponential_histogram"):
        points = [_histogram(point) for point in getattr(metric, kind).data_points]
    else:
        return {"name": metric.name}
    temporality = getattr(metric, kind).aggregation_temporality
    told = {"aggregationTemporality": temporality, "dataPoints": points}
    return {"name": metric.name, "sum" if kind == "sum" else "histogram": told}


def _point(point: Any) -> Plain:
    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    return {**_times(point), "asDouble": value}


def _histogram(point: Any) -> Plain:
    return {**_times(point), "count": point.count, "sum": point.sum}


def _times(point: Any) -> Plain:
    return {
        "startTimeUnixNano": point.start_time_unix_nano,
        "timeUnixNano": point.time_unix_nano,
        "attributes": _attributes(point.attributes),
    }


def _attributes(pairs: Sequence[Any]) -> list[Plain]:
    """The first pairs; indexing a repeated field costs nothing for those that are not looked at."""
    return [{"key": pair.key, "value": _value(pair.value)} for pair in pairs[:ATTRIBUTES]]


def _value(value: Any) -> Plain:
    match value.WhichOneof("value"):
        case "string_value":
            return {"stringValue": value.string_value[:_TEXT]}
        case "int_value":
            return {"intValue": value.int_value}
        case "double_value":
            return {"doubleValue": value.double_value}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case _:
            return {}


_SIGNALS: dict[str, tuple[Callable[[], Any], tuple[str, str, str], Callable[[Any], Plain]]] = {
    "traces": (ExportTraceServiceRequest, ("resource_spans", "scope_spans", "spans"), _span),
    "logs": (ExportLogsServiceRequest, ("resource_logs", "scope_logs", "log_records"), _log),
    "metrics": (
        ExportMetricsServiceRequest,
        ("resource_metrics", "scope_metrics", "metrics"),
        _metric,
    ),
}
