"""Real sessions: the books balance, nothing is called a loop, a pause is called a pause."""

import pytest

from costtop.analysis import ledger
from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings
from costtop.model import Call, Outcome, Rates, Spend
from costtop.sources.claude import transcripts
from costtop.sources.fold.source import Chunk

SESSION = "claude-code/ae4a77f8-aedd-4bc1-888f-c94edc91af04"
OPUS = Rates(5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000, 0, "test")


@pytest.fixture(scope="module")
def spends(request):
    folder = request.config.rootpath.parent / "shared" / "samples" / "claude-code"
    if not folder.is_dir():
        pytest.skip("needs ../shared/samples, which is not part of the repository")
    calls: dict[bytes, Call] = {}
    outcomes = []
    for path in sorted((folder / "spotter_redacted").rglob("*.jsonl")):
        events, _ = transcripts.read(Chunk(str(path), path.read_bytes()), {})
        for event in events:
            if isinstance(event, Call):
                _keep(calls, event)
            elif isinstance(event, Outcome):
                outcomes.append(event)
    for outcome in outcomes:
        _answer(calls, outcome)
    groups = {key[:8] for key, call in calls.items() if not call.yields}
    own = [x for x in calls.values() if not (x.yields and x.key[:8] in groups)]
    return [_spend(call) for call in sorted(own, key=lambda call: call.at)]


def _keep(calls, call):
    old = calls.get(call.key)
    if old is None or (call.tokens.output, call.tokens.input) > (
        old.tokens.output,
        old.tokens.input,
    ):
        calls[call.key] = call._replace(at=min(call.at, old.at if old else call.at))


def _answer(calls, outcome):
    call = calls.get(outcome.call)
    if call is None or outcome.nth >= len(call.tools):
        return
    tools = list(call.tools)
    tools[outcome.nth] = tools[outcome.nth]._replace(error=outcome.error, result=outcome.result)
    calls[outcome.call] = call._replace(tools=tuple(tools))


def _spend(call):
    return Spend(call, SESSION, ledger.full_price(call.tokens, OPUS), OPUS, call.at, "project")


def test_the_books_of_the_sample_balance(spends):
    assert len(spends) >= 30
    assert sum(ledger.session(spends)) == sum(spend.cost for spend in spends)


def test_no_detector_calls_the_sample_a_loop(spends):
    monitor = Monitor(Settings())
    found = [x for spend in spends for x in monitor.observe(spend)]
    assert not [x for x in found if x.cause == "retry_loop"]
    assert monitor.session(SESSION).cost == sum(spend.cost for spend in spends)
