"""A partial edit of a budget edits a part: what is not named stays, config.toml's included."""

import pytest

from costtop import config, paths
from costtop.cli.main import main
from costtop.control.protocol import SetBudget
from costtop.errors import UsageError
from costtop.money import NANO
from costtop.queries.spending.budget_periods import BudgetLine
from costtop.tui.dialogs.budget_form import _fields, made

ARMED = """
[[budget]]
name = "ci"
period = "week"
amount = "$50"
tiers = [70, 100]
scope = { feature = "ci" }
action = "gate"
"""


@pytest.fixture
def armed(home):
    found = paths.find()
    found.config.parent.mkdir(parents=True, exist_ok=True)
    found.config.write_text(ARMED)
    return found


def budgets(found):
    return {one.name: one for one in config.budgets(config.load(found))}


def test_a_new_amount_keeps_action_period_tiers_and_scope(armed, capsys):
    before = budgets(armed)["ci"]
    assert main(["budget", "set", "ci", "80"]) == 0
    assert budgets(armed)["ci"] == before._replace(amount=80 * NANO)
    said = capsys.readouterr().out.strip()
    assert said == (
        "budget ci is changed: $50.00 a week → $80.00 a week."
        " Now $80.00 a week feature=ci, tiers 70 100 %, at 100 %: gate,"
        " where it does not hold: pause"
    )


def test_a_slip_in_the_action_names_what_there_is(armed, capsys):
    assert main(["budget", "set", "ci", "--action", "gat"]) == 2
    said = capsys.readouterr().err
    assert said.startswith('costtop: budget "ci": action: one of notify, gate, pause, stop, kill')
    assert "did you mean" in said


def test_an_action_alone_keeps_the_amount(armed, capsys):
    assert main(["budget", "set", "ci", "--action", "kill"]) == 0
    assert budgets(armed)["ci"].amount == 50 * NANO
    assert "pause → at 100 %: kill" in capsys.readouterr().out


def test_a_scope_is_widened_only_when_asked(armed):
    assert main(["budget", "set", "ci", "--scope", "all"]) == 0
    assert budgets(armed)["ci"].scope == ()


def test_a_new_budget_needs_an_amount(armed, capsys):
    assert main(["budget", "set", "daily"]) == 2
    assert "a new one needs an amount" in capsys.readouterr().err


def test_removing_what_was_set_by_command_says_what_holds_again(armed, capsys):
    main(["budget", "set", "ci", "80"])
    capsys.readouterr()
    assert main(["budget", "remove", "ci"]) == 0
    said = capsys.readouterr().out
    assert "holds again: $50.00 a week feature=ci, tiers 70 100 %, at 100 %: gate" in said
    assert budgets(armed)["ci"].amount == 50 * NANO


def test_amounts_below_a_cent_are_printed_with_their_digits(home, capsys):
    assert main(["budget", "set", "tiny", "0.004"]) == 0
    assert "$0.004 a day" in capsys.readouterr().out


LINE = BudgetLine(
    name="ci",
    period="week",
    amount=4_000_000,
    tiers=(70, 100),
    scope=(("feature", "ci"),),
    action="gate",
    spent=0,
    floor=False,
    starts=0,
    resets=0,
    past=(),
)


def test_the_form_asks_for_what_was_changed_and_no_more():
    given = _fields(LINE)
    assert given["amount"] == "$0.004"
    same = made(given, given)
    assert same == SetBudget("ci", amount="0.004000000", by=same.by)
    raised = made({**given, "amount": "$3"}, given)
    assert raised == SetBudget("ci", amount="3.000000000", by=same.by)
    emptied = made({**given, "scope": ""}, given)
    assert emptied == SetBudget("ci", amount="0.004000000", scope={}, by=same.by)


def test_the_form_under_another_name_makes_a_whole_budget():
    given = _fields(LINE)
    other = made({**given, "name": "cd"}, given)
    assert (other.action, other.tiers, dict(other.scope)) == ("gate", (70, 100), {"feature": "ci"})


def test_an_action_may_come_earlier_and_spare_what_is_named(armed, capsys):
    asked = ["--act-at", "90", "--except", "feature=release", "--except", "user=ana"]
    assert main(["budget", "set", "ci", *asked]) == 0
    assert "at 100 %: gate, where it does not hold: pause → at 90 %: gate" in (
        said := capsys.readouterr().out
    )
    assert said.strip().endswith("except feature=release user=ana")
    ci = budgets(armed)["ci"]
    assert (ci.limit, ci.excepted) == (45 * NANO, (("feature", "release"), ("user", "ana")))
    assert main(["budget", "set", "ci", "--except", "none"]) == 0
    assert budgets(armed)["ci"].excepted == ()


def test_a_budget_of_a_plan_is_set_without_an_amount(armed, capsys):
    assert main(["budget", "set", "five", "--period", "plan:5h", "--tiers", "50,80,95"]) == 0
    assert "the 5h window of a plan, tiers 50 80 95 %" in capsys.readouterr().out
    assert budgets(armed)["five"].of_plan
    assert main(["budget", "set", "five", "20"]) == 2
    assert "take the amount out" in capsys.readouterr().err
    assert main(["budget", "set", "five", "--period", "day"]) == 2
    assert "needs an amount" in capsys.readouterr().err
    assert main(["budget", "set", "five", "20", "--period", "day"]) == 0
    assert budgets(armed)["five"].amount == 20 * NANO
    assert main(["budget", "set", "five", "--period", "plan:week"]) == 0
    assert budgets(armed)["five"].of_plan


def test_the_form_takes_an_action_with_its_per_cent_and_windows_of_plans():
    given = _fields(LINE._replace(act_at=90, excepted=(("feature", "x"),)))
    assert (given["action"], given["except"]) == ("gate at 90", "feature=x")
    later = made({**given, "action": "gate at 95 %"}, given)
    assert later == SetBudget("ci", "0.004000000", action="gate", act_at=95, by=later.by)
    none = made({**given, "except": ""}, given)
    assert none == SetBudget("ci", "0.004000000", excepted={}, by=none.by)
    plan = {**given, "name": "five", "amount": "", "period": "plan:5h", "scope": "source=codex"}
    assert made(plan).amount is None and made(plan).scope == {"source": "codex"}
    with pytest.raises(UsageError, match="leave the amount empty"):
        made({**plan, "amount": "$3"})
    with pytest.raises(UsageError, match="source, home, plan"):
        made({**plan, "scope": "feature=x"})
    with pytest.raises(UsageError, match="gate at 90"):
        made({**given, "action": "gate at noon"})
