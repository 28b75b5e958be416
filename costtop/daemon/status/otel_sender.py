"""Sends spend as OpenTelemetry metrics where the config asks for it, through the SDK's exporter.

What came since the daemon began, as cumulative sums of few series: see `counters`. The SDK is
loaded in a thread and only where there is an address; whatever it fails at is a trouble that is
told, and tried again. costtop's own receiver leaves these metrics out.
"""

import asyncio
import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from costtop import __version__, lasting_tasks
from costtop.config import Otel, milliseconds
from costtop.daemon.config_changes import otel_headers
from costtop.daemon.status.counters import Counters, CounterSeries, Labels
from costtop.daemon.status.own_health import OwnHealth
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.money import NANO
from costtop.named_tuples import NamedTuple
from costtop.queries.totals import Totals
from costtop.sources.otlp.records import EXPORTED
from costtop.store.db import open_reader
from costtop.text import clean

_TIMEOUT = 5.0  # s, all tries together
_SAID = 160  # characters of what the SDK says of a failure
_SDK = "opentelemetry"  # its logger, and that of its exporter
_TYPES = ("input", "output")
_PARTS = ("cache_read", "cache_write", "reasoning")
_COUNTED = (
    ("costtop.client.calls", "Requests to models", "{call}", "calls"),
    ("costtop.client.errors", "Requests that failed", "{call}", "errors"),
    ("costtop.client.cost", "Dollars spent, without calls of unknown price", "USD", "cost"),
)


class SentSums(NamedTuple):
    """What one feature and model came to since the daemon began."""

    labels: Labels
    counters: Mapping[str, int]  # of `counters.COUNTED`


class _FirstWords(logging.Handler):
    """What the SDK said first of a failure: it tells nobody else, and ends with "max retries"."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = self.said or record.getMessage().partition(" encountered while")[0]


class OtelSender:
    """The task that sends, and what is wrong with that."""

    def __init__(self, wanted: Otel, database: Path, health: Callable[[], OwnHealth]) -> None:
        self.code, self.trouble = "otel-failed", ""
        self._wanted, self._database, self._health = wanted, database, health
        self._counters, self._began = Counters(), 0
        self._base: dict[Labels, Mapping[str, int]] | None = None
        self._is_first = False  # nothing was stored before
        self._exporter: Any = None
        self._words = _FirstWords()

    async def run(self) -> None:
        """Sends at the end of each span, for ever; what is sent is counted from now."""
        while self._wanted.endpoint:
            try:
                trouble = await asyncio.to_thread(self._once, self._health().importing)
            except asyncio.CancelledError:
                if self._exporter is not None:
                    self._exporter.shutdown()  # else the daemon's end waits for its tries
                raise
            if trouble and trouble != self.trouble:
                logging.getLogger("costtop").warning("%s", trouble)
            self.trouble = trouble
            lasting_tasks.well()
            await asyncio.sleep(milliseconds(self._wanted.every) / 1000)

    def _once(self, importing: bool) -> str:
        """Reads and sends; what is wrong in one line. Slow."""
        now = now_ms()
        try:
            with closing(open_reader(self._database, unfinished=True)) as db:
                series = self._counters.take(Totals(db).read(now).totals)
        except (sqlite3.Error, CosttopError):
            return self.trouble  # the tasks that need the database tell of it
        spent = self._since(series, now, importing)
        return self._send(spent, now) if spent else ""

    def _since(self, series: Sequence[CounterSeries], now: int, importing: bool) -> list[SentSums]:
        """What came since the daemon began; of one that begins with old logs, since those."""
        if self._base is None:
            self._is_first = not series
        if self._base is None or (importing and self._is_first):
            self._base = {one.labels: dict(one.counters) for one in series}
            self._began = now
        return [*grown(series, self._base)]

    def _send(self, spent: Sequence[SentSums], now: int) -> str:
        from opentelemetry.sdk.metrics.export import MetricExportResult

        try:
            if self._exporter is None:
                self._exporter = self._opened()
            self._words.said = ""
            result = self._exporter.export(metrics_data(spent, self._began, now))
        except Exception as error:  # another program's code: it must not end the daemon
            result, self._words.said = None, f"{type(error).__name__}: {error}"
        if result == MetricExportResult.SUCCESS:
            return ""
        refused = re.search(r"\[Errno -?\d+\] ([\w ]+)", self._words.said)
        said = refused[1] if refused else clean(self._words.said, _SAID) or "no reason was given"
        return f"no metrics reach {self._wanted.endpoint}: {said}"

    def _opened(self) -> Any:
        """The SDK's exporter; its own words go to us alone, and not into the log each minute."""
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        logger = logging.getLogger(_SDK)
        logger.handlers, logger.propagate = [self._words], False
        path = "" if self._wanted.endpoint.endswith("/v1/metrics") else "/v1/metrics"
        return OTLPMetricExporter(
            endpoint=self._wanted.endpoint.rstrip("/") + path,
            headers=otel_headers(self._wanted),
            timeout=_TIMEOUT,
        )


def grown(
    series: Iterable[CounterSeries], base: Mapping[Labels, Mapping[str, int]]
) -> Iterator[SentSums]:
    """What each has beyond its base; none of those without a call since."""
    for one in series:
        before = base.get(one.labels, {})
        since = {name: value - before.get(name, 0) for name, value in one.counters.items()}
        if since["calls"] or since["cost"]:
            yield SentSums(one.labels, since)


def metrics_data(spent: Sequence[SentSums], began: int, now: int) -> Any:
    """The SDK's MetricsData; `began` and `now` in ms UTC.

    `gen_ai.client.token.usage` is the histogram of the GenAI conventions without buckets: its count
    is the calls, its sum the tokens.
    """
    from opentelemetry.sdk.metrics import export
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    told: Any = {"service.name": "costtop", "service.version": __version__, EXPORTED: True}
    metrics = [_usage(spent, began, now), _parts(spent, began, now)]
    metrics += [_counted(spent, began, now, *one) for one in _COUNTED]
    scope = export.ScopeMetrics(InstrumentationScope("costtop", __version__), metrics, "")
    return export.MetricsData([export.ResourceMetrics(Resource(told), [scope], "")])


def _usage(spent: Sequence[SentSums], began: int, now: int) -> Any:
    from opentelemetry.sdk.metrics import export

    unknown: Any = None
    points = [
        export.HistogramDataPoint(
            attributes={**_attributes(one.labels), "gen_ai.token.type": kind},
            start_time_unix_nano=began * 1_000_000,
            time_unix_nano=now * 1_000_000,
            count=one.counters["calls"],
            sum=one.counters[kind],
            bucket_counts=[one.counters["calls"]],
            explicit_bounds=[],
            min=unknown,
            max=unknown,
        )
        for one in spent
        for kind in _TYPES
    ]
    held = export.Histogram(points, export.AggregationTemporality.CUMULATIVE)
    words = "Tokens used: input contains the cache's, output the reasoning"
    return export.Metric("gen_ai.client.token.usage", words, "{token}", held)


def _parts(spent: Sequence[SentSums], began: int, now: int) -> Any:
    rows = [
        ({**_attributes(one.labels), "costtop.token.part": part}, one.counters[part])
        for one in spent
        for part in _PARTS
    ]
    words = (
        "Tokens that are part of gen_ai.client.token.usage: caches of input, reasoning of output"
    )
    return _sum("costtop.client.token.part", words, "{token}", rows, (began, now))


def _counted(
    spent: Sequence[SentSums], began: int, now: int, name: str, words: str, unit: str, field: str
) -> Any:
    rows = [
        (_attributes(one.labels), one.counters[field] / (NANO if field == "cost" else 1))
        for one in spent
    ]
    return _sum(name, words, unit, rows, (began, now))


def _sum(
    name: str,
    words: str,
    unit: str,
    rows: Sequence[tuple[dict[str, str], float]],
    span: tuple[int, int],
) -> Any:
    from opentelemetry.sdk.metrics import export

    began, now = (at * 1_000_000 for at in span)
    points = [export.NumberDataPoint(told, began, now, value) for told, value in rows]
    held = export.Sum(points, export.AggregationTemporality.CUMULATIVE, is_monotonic=True)
    return export.Metric(name, words, unit, held)


def _attributes(labels: Labels) -> dict[str, str]:
    """Those of the GenAI conventions; `gen_ai.system` is what they called the provider before."""
    feature, model, provider = labels
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.system": provider,
        "gen_ai.request.model": model,
        "costtop.feature": feature,
    }
