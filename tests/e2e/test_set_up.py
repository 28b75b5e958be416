"""`costtop init` beside a running daemon: it sets the budget, hears of the rest, and lives on."""

from costtop import config
from tests.cli.setup.spent_days import write

SPENT = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 30.0] * 3


def test_a_running_daemon_goes_by_what_was_set_up_and_by_what_was_taken_back(instance):
    write(instance.home, SPENT)
    daemon = instance.start()
    said = instance.cli("init", "--yes", "--channel", "log:~/alerts.log", "--hooks", "claude-code")
    assert "budget daily is set: $12.00 a day" in said and "log: a test has been sent" in said
    assert "costtop.db: what was read" not in said  # the daemon has read it already
    assert [b["amount_usd"] for b in instance.json("budget", "list")["budgets"]] == ["12.000000000"]
    again = instance.cli("init", "--yes", "--channel", "log:~/alerts.log")
    assert "nothing is to be written" in again
    said = instance.cli("init", "--undo", "--yes")
    assert "budget daily is removed" in said and "is as it was" in said and "left" not in said
    assert config.budgets(config.load(instance.paths)) == ()
    assert not instance.paths.config.exists() and not instance.paths.budgets.exists()
    assert not (instance.home / ".claude" / "settings.json").exists()
    assert not instance.paths.init_receipts.exists()
    assert instance.json("budget", "list")["budgets"] == [] and daemon.poll() is None


def test_a_first_reading_is_kept_for_the_daemon_and_left_once_it_has_read_on(instance):
    write(instance.home, SPENT)
    instance.cli("init", "--yes")
    counted = instance.report("total")["total"]["cost_usd"]
    instance.start()
    assert instance.report("total")["total"]["cost_usd"] == counted
    assert instance.status()["counts"]["calls"] == 0  # nothing of it was read again
    instance.stop()
    said = instance.cli("init", "--undo", "--yes")
    assert "read on since; delete it: costtop uninstall" in said
    assert instance.report("total")["total"]["cost_usd"] == counted
    assert config.budgets(config.load(instance.paths)) == ()
