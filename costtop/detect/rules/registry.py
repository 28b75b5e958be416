"""The list of rules: one module each, one line here."""

from costtop.detect.rules import (
    age_outlier,
    cache_miss,
    context_growth,
    cost_outlier,
    fan_out,
    loop,
    loop_usage,
    median_5x,
    model_shift,
    session_cap,
    verbose_output,
)
from costtop.detect.rules.concern import BARE, DEAR, MOVED, SWARM
from costtop.detect.rules.cusum import Cusum
from costtop.detect.rules.rule import Rule
from costtop.detect.sessions.peers import PeerView

# Mechanisms first: they name the cause when several hold at one event.
DETECTORS = (
    Rule("retry_loop", loop.judge, "retry_loop", loop.Loop, sure=True),
    Rule(
        "retry_loop_usage",
        loop_usage.judge,
        "retry_loop",
        loop_usage.recent,
        loop_usage.PEAK,
        peered=True,
        concern=BARE,
    ),
    Rule("fan_out", fan_out.judge, "fan_out", sure=True, concern=SWARM),
    Rule("model_shift", model_shift.judge, "model_shift", model_shift.Shift, concern=MOVED),
    Rule("cache_miss", cache_miss.judge, "cache_miss", cache_miss.Spell, cache_miss.PEAK),
    Rule(
        "context_growth",
        context_growth.judge,
        "context_growth",
        Cusum,
        context_growth.PEAK,
        dear=True,
    ),
    Rule(
        "verbose_output",
        verbose_output.judge,
        "verbose_output",
        Cusum,
        verbose_output.PEAK,
        dear=True,
    ),
    Rule("age_outlier", age_outlier.judge, peak="age_peak", lasts=True),
    Rule("cost_outlier", cost_outlier.judge, lasts=True, concern=DEAR, quiet=cost_outlier.quiet),
    Rule("median_5x", median_5x.judge, lasts=True, plain=True, concern=DEAR, quiet=median_5x.quiet),
    Rule(
        "session_cap",
        session_cap.judge,
        lasts=True,
        sure=True,
        concern=DEAR,
        quiet=session_cap.quiet,
    ),
)


def quiet(peers: PeerView) -> int:
    """The cost up to which no rule of the concern `DEAR` says anything, nano-dollars."""
    return min(rule.quiet(peers) for rule in DETECTORS if rule.quiet is not None)
