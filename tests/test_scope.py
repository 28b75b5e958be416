"""One answer to "does it fall under this scope": detector, breaker, gate, sums and column agree."""

import sqlite3
import subprocess
import sys
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import scope
from costtop.detect.budgets.budget_monitor import Budgets
from costtop.model import Breaker, Budget, Call, Context, Spend, Tokens
from costtop.money import NANO
from costtop.nouns.log_owner import LogOwner
from costtop.queries.live.view import BudgetMeter
from costtop.store import gating
from costtop.store.alerts import breakers
from costtop.store.calls import scope_sums
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.tui.list.columns import budget_share
from tests.tui.values import row

AT = 1_795_000_000_000
DAY = 86_400_000
IDS = ("ab1", "ab[2]", "abc", "xab", "!a", "^a", "a]", "]", "-", "a-c", "é", "AB1", "[", "b", "")
FEATURES = ("shop", "shop/api", "sh[op", "Shop", "")


def _said(nth: int) -> str:
    """The user that a call says itself: every second leaves it to whose its session is."""
    return IDS[-1 - nth] if nth % 2 else ""


def _call(nth: int) -> Call:
    return Call(
        nth.to_bytes(16, "big"),
        "claude-code",
        IDS[nth],
        "claude-opus-4-6",
        Tokens(10, output=1),
        AT,
        context=Context(feature=FEATURES[nth % 5], user=_said(nth), project="etl"),
    )


CALLS = tuple(_call(nth) for nth in range(len(IDS)))


def _about(call: Call) -> dict[str, str]:
    nth = IDS.index(call.session)
    return {
        "feature": call.context.feature,
        "user": IDS[-1 - nth],
        "project": "etl",
        "model": call.model,
        "source": call.source,
        "session": f"{call.source}/{call.session}",
    }


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """A store in which the nth session has cost 2^n nano-dollars, so that a sum names its parts."""
    made = open_writer(tmp_path_factory.mktemp("scope") / "costtop.db")
    readings = [
        Reading(
            "claude-code", b"/%d" % nth, "{}", "{}", 1, False,
            [Priced(call, 1 << nth, 1 << nth, None)], facts=[], tasks=[], outcomes=[], bad=[],
            owner=LogOwner("nobody" if nth % 2 else IDS[-1 - nth], "box"),
        )
        for nth, call in enumerate(CALLS)
    ]  # fmt: skip
    made.execute("BEGIN IMMEDIATE")
    record(made, WriteContext(lambda context, source, model: context.feature), readings, AT)
    made.execute("COMMIT")
    yield made
    made.close()


def _under(wanted: tuple[tuple[str, str], ...]) -> set[int]:
    return {nth for nth, call in enumerate(CALLS) if scope.matches(wanted, _about(call))}


def _summed(db: sqlite3.Connection, wanted: tuple[tuple[str, str], ...]) -> set[int]:
    cost = scope_sums.spent(db, dict(wanted), AT - DAY, AT + DAY).cost
    return {nth for nth in range(len(CALLS)) if cost >> nth & 1}


def _detected(wanted: tuple[tuple[str, str], ...]) -> set[int]:
    found = set()
    for nth, call in enumerate(CALLS):
        budgets = Budgets([Budget("b", "day", 1, scope=wanted)], ZoneInfo("UTC"))
        root, feature = f"{call.source}/{call.session}", call.context.feature
        owner = _about(call)["user"]
        budgets.observe(Spend(call, root, NANO, None, AT, feature, owner=owner), AT)
        if budgets.spent("b", AT):
            found.add(nth)
    return found


def _held(db: sqlite3.Connection, wanted: tuple[tuple[str, str], ...]) -> tuple[set[int], set[int]]:
    """(sessions that an open breaker covers, sessions that the gate refuses)."""
    db.execute("BEGIN IMMEDIATE")
    breakers.put(db, Breaker("b", "2026-11-18", "gate", wanted, "spent", AT))
    (one,) = breakers.open_ones(db, AT)
    judged = [gating.facts(db, call.source, call.session) for call in CALLS]
    covered = {nth for nth, about in enumerate(judged) if scope.matches(one.scope, about)}
    refused = {
        nth
        for nth, call in enumerate(CALLS)
        if gating.verdict(db, call.source, call.session, AT) is not None
    }
    db.execute("ROLLBACK")
    return covered, refused


def _in_column(wanted: tuple[tuple[str, str], ...]) -> set[int]:
    meter = BudgetMeter("b", "day", 0, False, NANO, (), AT, scope=wanted)
    found = set()
    for nth, call in enumerate(CALLS):
        about = {**_about(call), "session": call.session, "source": call.source}
        if budget_share(row(**about), [meter]) is not None:
            found.add(nth)
    return found


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ((), IDS),
        ((("session", "claude-code/ab*"),), ("ab1", "ab[2]", "abc")),
        ((("session", "ab*"),), ("ab1", "ab[2]", "abc")),
        ((("session", "[!a]*"),), IDS),  # "claude-code/…" begins with c
        ((("session", "claude-code/[!a]*"),), ("xab", "!a", "^a", "]", "-", "é", "AB1", "[", "b")),
        ((("session", "claude-code/[^a]"),), ()),
        ((("session", "claude-code/[^a][a]"),), ("^a",)),
        ((("session", "["),), ("[",)),
        ((("session", "ab[[]2]"),), ("ab[2]",)),
        ((("session", "[]-]"),), ("]", "-")),
        ((("session", "[z-a]"),), ()),
        ((("session", "[à-ü]"),), ("é",)),
        ((("session", ""),), ("",)),
        ((("feature", "sh[[]op"),), ("abc", "]", "[")),
        ((("feature", "[!s]*"),), ("xab", "-", "b")),
        ((("feature", "shop"), ("session", "*ab*")), ("ab1",)),
        ((("feature", "shop"), ("session", "?b?")), ("ab1",)),
        ((("source", "claude-*"), ("model", "gpt-*")), ()),
    ],
)
def test_everybody_agrees_what_falls_under_a_scope(db, wanted, ids):
    expected = _under(wanted)
    assert {IDS[nth] for nth in expected} == set(ids)
    covered, refused = _held(db, wanted)
    assert expected == _summed(db, wanted) == _detected(wanted) == _in_column(wanted)
    if wanted != (("session", ""),):  # a breaker's column that is empty names nothing
        assert expected == covered == refused


_GLOBS = st.text(st.sampled_from("ab1[]!^-*?éz/"), max_size=9)


@given(glob=_GLOBS, field=st.sampled_from(("session", "feature", "user")))
def test_sums_and_the_gate_match_any_glob_as_the_detector_does(db, glob, field):
    wanted = ((field, glob),)
    expected = {
        nth
        for nth, call in enumerate(CALLS)
        if fnmatchcase(_about(call)[field], glob)
        or (field == "session" and fnmatchcase(call.session, glob))
    }
    assert expected == _under(wanted) == _summed(db, wanted)
    if glob:
        assert _held(db, wanted) == (expected, expected)


@given(text=st.text(st.sampled_from("abA*?é!^-z"), max_size=5), glob=_GLOBS)
def test_sqlite_reads_a_glob_without_brackets_as_fnmatch_does(db, text, glob):
    plain = glob.replace("[", "a")
    (found,) = db.execute("SELECT ? GLOB ?", (text, plain)).fetchone()
    assert bool(found) is fnmatchcase(text, plain)


def test_a_field_that_no_scope_knows_matches_nothing():
    assert not scope.matches([("team", "*")], {"team": "a"})
    assert scope.matches([("user", "*")], {})
    assert not scope.matches([("user", "ana")], {"user": None})


@pytest.mark.parametrize(
    ("scope_of", "loads"), [(None, False), (("user", "ana"), False), (("user", "a*"), True)]
)
def test_the_gate_loads_no_matcher_before_a_breaker_has_a_glob(tmp_path, scope_of, loads):
    made = open_writer(tmp_path / "costtop.db")
    if scope_of is not None:
        with made:
            breakers.put(made, Breaker("b", "2026-11-18", "gate", (scope_of,), "spent", AT))
    made.close()
    code = (
        "import _sqlite3, sys; from costtop.store import gating\n"
        f"db = _sqlite3.connect({str(tmp_path / 'costtop.db')!r})\n"
        f"assert gating.verdict(db, 'claude-code', 's', {AT}) is None\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ("fnmatch" in ran.stdout.split()) is loads
    assert ("re" in ran.stdout.split()) is loads
