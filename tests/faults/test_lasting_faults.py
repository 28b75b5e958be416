"""S1, S2, S3, S4, A14: the machine fails in every way there is while a daemon works: it lives on,
says so, tells somebody, answers, and loses nothing.
"""

import time

import pytest

from tests.e2e.instance import claude_line, claude_log
from tests.patience import until

ONE = "11111111-0000-4000-8000-000000000001"
OF_THE_DISK = ("full", "quota", "io", "read-only")
SHOWN = {
    "full": "disk is full",
    "quota": "disk is full",
    "io": "disk I/O error",
    "read-only": "",
    "locked": "another program holds its lock",
    "descriptors": "too many open files",
}


def told(instance) -> str:
    file = instance.home / "told"
    return file.read_text() if file.exists() else ""


def configure(instance) -> None:
    instance.configure(
        f'[[notify]]\nlabel = "log"\nurl = "log:{instance.home}/told"\nmin_severity = "notice"\n'
        "[receive.otlp]\nport = 0\n[metrics]\nport = 0\n"
        '[[budget]]\nname = "all"\nperiod = "day"\namount = 1000\naction = "gate"\n'
    )


def feed(instance, first: int, many: int) -> None:
    for number in range(first, first + many):
        instance.append(claude_log(ONE), claude_line(ONE, number))


@pytest.mark.parametrize("fault", [*OF_THE_DISK, "locked", "descriptors"])
def test_a_daemon_outlives_a_fault_of_the_machine_and_counts_all_that_came_meanwhile(
    machine, fault
):
    instance = machine.instance
    configure(instance)
    feed(instance, 0, 3)
    daemon = machine.start()
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 3)
    machine.begin(fault)
    feed(instance, 3, 3)
    until(lambda: instance.status().get("faults") or _refused_to_say(instance, fault))
    time.sleep(3)  # longer than every task's pause
    feed(instance, 6, 3)
    assert daemon.poll() is None, instance.paths.log.read_text()[-3000:]
    assert SHOWN[fault] in instance.paths.log.read_text()
    if fault in OF_THE_DISK:
        until(lambda: "blind" in told(instance))
    machine.end()
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 9)
    until(lambda: instance.status().get("faults") == [])
    if fault in OF_THE_DISK:
        until(lambda: "costs are seen again" in told(instance))
        assert told(instance).count("blind:") == 2  # once when it began and once when it ended
    log = instance.paths.log.read_text()
    assert "Traceback" not in log
    assert log.count("\n") < 40, log
    assert daemon.poll() is None
    instance.stop()
    assert instance.ask("PRAGMA integrity_check") == "ok"


def _refused_to_say(instance, fault: str) -> bool:
    """Whether the status could not be written either: then the log is what says it."""
    return fault != "locked" and SHOWN[fault] in instance.paths.log.read_text()
