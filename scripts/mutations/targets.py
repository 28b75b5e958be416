"""The heart: which modules are changed, and which tests have to notice."""

from typing import NamedTuple


class Target(NamedTuple):
    """A module, the tests that vouch for it, and its part that counts (empty: all of it)."""

    module: str
    tests: tuple[str, ...]
    only: tuple[str, ...] = ()


TARGETS = (
    Target("costtop/money.py", ("tests/test_money.py",)),
    Target(
        "costtop/pricing/charge.py",
        ("tests/pricing/test_charge.py", "tests/pricing/test_prices_by_columns.py"),
    ),
    Target(
        "costtop/queries/live/burn_rate.py",
        ("tests/queries/test_rate.py",),
        ("_HALF_LIFE", "_WEIGHTS", "_WEIGHED", "rate"),
    ),
    Target("costtop/queries/live/session_state.py", ("tests/queries/test_session_state.py",)),
    Target(
        "costtop/processes/refuse.py",
        ("tests/processes/test_refuse_words.py", "tests/processes/test_refuse.py"),
    ),
    Target("costtop/daemon/commands/guard.py", ("tests/control/test_guard_alone.py",)),
    Target(
        "costtop/hooks/gate.py",
        ("tests/hooks/test_gate_judgement.py", "tests/hooks/test_arguing.py"),
    ),
    Target("costtop/notify/courier.py", ("tests/notify/test_courier.py",)),
    Target(
        "costtop/notify/child.py",
        ("tests/notify/test_judgement.py",),
        ("TEMPORARY", "judge", "is_loopback", "proxies", "success", "failure"),
    ),
    Target(
        "costtop/alerts/choose.py",
        (
            "tests/alerts/test_choose.py",
            "tests/alerts/test_choose_edges.py",
            "tests/alerts/test_choose_again.py",
        ),
    ),
    Target(
        "costtop/receive/socket.py",
        ("tests/receive/test_who.py",),
        ("CLIENTS", "_Peer.connection_made"),
    ),
    Target("costtop/receive/caller.py", ("tests/receive/test_who.py",), ("caller_of",)),
    Target("costtop/files.py", ("tests/test_files.py",)),
)
