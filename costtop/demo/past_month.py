"""The month before the demo: a few hundred finished sessions, and budgets that fit what they cost.

From a seed and a moment to files and a config; it writes neither.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from random import Random
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.demo import cast
from costtop.demo.beats import Beat, lines
from costtop.durations import DAY, MINUTE
from costtop.named_tuples import NamedTuple

DAYS = 30
_BUSY, _QUIET = 9, 3  # sessions of agents on a weekday and on a day of the weekend
_IDLE = (7, 14, 21)  # minutes since the last call of sessions that nobody has closed yet
_ENDED = 35 * MINUTE  # ms ago by which all others were done: they are finished peers
APP_LOGS = "logs/assistant"  # of the app fleet, relative to the home


class PastMonth(NamedTuple):
    """What there is when the demo begins. Dollars are rough, and those up to now."""

    files: dict[str, bytes]  # relative to the home
    today: float
    month: float
    sessions: int


def past(seed: int, home: str, now: int, tz: ZoneInfo) -> PastMonth:
    """A month of work that ends at `now` (ms UTC)."""
    rng = Random(seed)  # noqa: S311 - a play, no secrets
    files: dict[str, list[bytes]] = defaultdict(list)
    day, month = (periods.start_of(period, now, tz) for period in ("day", "month"))
    today = this_month = 0.0
    sessions = 0
    for moments in _sessions(rng, home, now, tz):
        sessions += 1
        for at, beat in moments:
            files[beat.file].append(lines(beat, at))
            today += beat.cost * (at >= day)
            this_month += beat.cost * (at >= month)
    joined = {name: b"".join(parts) for name, parts in files.items()}
    return PastMonth(joined, today, this_month, sessions)


def _sessions(rng: Random, home: str, now: int, tz: ZoneInfo) -> Iterator[list[tuple[int, Beat]]]:
    for back in range(DAYS, -1, -1):
        start = periods.start_of("day", now - back * DAY, tz)
        end = min(start + DAY, now - _ENDED)
        weekday = (start // DAY + 4) % 7 not in (0, 6)  # 1970-01-01 was a Thursday
        share = max(0.0, (end - start) / DAY)
        for _ in range(round((_BUSY if weekday else _QUIET) * share * rng.uniform(0.7, 1.3))):
            kind = rng.choices(cast.KINDS[:2], (7, 3))[0]
            at = _moment(rng, start, end)
            session = cast.session(kind, rng.getrandbits(48), home, at)
            yield _until(_timed(session.beats, at), now - _ENDED)
        for _ in range(round((12 if weekday else 5) * share)):
            at = _moment(rng, start, end)
            file = app_log(at, tz)
            yield _until(_timed(cast.conversation(rng.getrandbits(48), file), at), now - _ENDED)
    for minutes in _IDLE:
        session = cast.session("claude", rng.getrandbits(48), home, now)
        moments = _timed(session.beats, 0)
        late = now - minutes * MINUTE - moments[-1][0]
        yield [(at + late, beat) for at, beat in moments]


def app_log(at: int, tz: ZoneInfo) -> str:
    """The app fleet's log of the day of `at`, relative to the home."""
    return f"{APP_LOGS}/{periods.key('day', at, tz)}.jsonl"


def _moment(rng: Random, start: int, end: int) -> int:
    """When somebody begins: more often about midday than at night."""
    part = min(max(rng.gauss(0.55, 0.16), 0.02), 0.98)
    return start + int((end - start) * part)


def _timed(beats: Iterator[Beat], start: int) -> list[tuple[int, Beat]]:
    at = float(start)
    return [(int(at := at + 1000 * beat.pause), beat) for beat in beats]


def _until(moments: list[tuple[int, Beat]], end: int) -> list[tuple[int, Beat]]:
    return [(at, beat) for at, beat in moments if at < end]


def config(past: PastMonth, home: str, zone: str) -> str:
    """config.toml: budgets whose tiers the next minutes cross, features, and a log as endpoint."""
    daily = max(8, math.ceil(past.today / 0.44))
    monthly = max(30, math.ceil((past.month + 3) / 0.8))
    features = "".join(
        f'[[feature]]\nname = "{name}"\nmatch = {{ branch = "{glob}" }}\n'
        for name, glob in cast.FEATURES
    )
    return f"""\
# Written by costtop demo.
timezone = "{zone}"

[[source]]
name = "assistant"
format = "costtop"
paths = ["{home}/{APP_LOGS}/*.jsonl"]

{features}
[[budget]]
name = "daily"
period = "day"
amount = "${daily}"

[[budget]]
name = "monthly"
period = "month"
amount = "${monthly}"

[[notify]]
label = "alerts"
url = "log:{home}/alerts.log"
min_severity = "notice"
"""
