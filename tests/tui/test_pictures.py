"""The pure parts of the screen: figures, filters, order and pictures, without an app."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from costtop.durations import short
from costtop.queries.live.view import BudgetMeter
from costtop.queries.spending.days import Day
from costtop.tui.draw.ascii import asciified
from costtop.tui.draw.figures import cash, short_model, short_place, si, stroke
from costtop.tui.draw.ink import Span, cut, fit, line, plain, spread, wrapped
from costtop.tui.draw.palette import ANSI, COLOURED, MONO, Inks
from costtop.tui.draw.spark import BARS, bar, scale, sparkline
from costtop.tui.list import filter as filters
from costtop.tui.list.arrange import View, arranged, summed
from costtop.tui.list.columns import COLUMNS, USUAL, chosen
from costtop.tui.list.fit_columns import fits, fitted
from costtop.tui.list.shown_rows import CellLook
from costtop.tui.preferences import Preferences, load, save
from costtop.tui.screens.setup import shifted, stepped
from costtop.tui.widgets.calendar import heat_map, uprights
from costtop.tui.widgets.curve import curve
from costtop.tui.widgets.meters import meter, reading, waterfall
from costtop.tui.widgets.pane import changed_cells, paint
from tests.tui.values import AT, FLEET, dollars, row

KEEP = filters.parse("")


def kept(text: str) -> set[str]:
    test = filters.parse(text)
    return {r.session[:8] for r in FLEET if test.keeps(r, AT)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cost>5", {"9f767c4e", "checkout"}),
        ("cost>$5 !idle", {"9f767c4e", "checkout"}),
        ("rate>=22 cost<3", {"8a59d06b"}),
        ("model~opus", {"9f767c4e"}),
        ("model=gpt-5.1", {"54f46a6c"}),
        ("idle", {"7ade3b40"}),
        ("state=paused", {"06aaa9ff"}),
        ("!running !ended !idle", {"06aaa9ff"}),
        ("age>3h", {"8a59d06b"}),
        ("context>=100k", {"9f767c4e"}),
        ("feature=checkout", {"152ae58d"}),
        ('feature="checkout-assistant"', {"checkout"}),
        ("retry.loop", {"9f767c4e"}),
        ("project=(none)", {"checkout"}),
        ("errors!=0", {"9f767c4e"}),
    ],
)
def test_the_filters_grammar(text: str, found: set[str]):
    assert kept(text) == found


@given(st.text(max_size=30))
def test_no_text_breaks_the_filter(text: str):
    test = filters.parse(text)
    for one in FLEET:
        assert test.keeps(one, AT) in (True, False)


def test_a_half_typed_amount_hides_nothing():
    assert kept("cost>") == kept("")


@pytest.mark.parametrize("column", [c.key for c in COLUMNS if c.sort])
def test_every_column_sorts_both_ways_and_loses_no_row(column: str):
    both = [arranged(FLEET, View(sort=column, falling=f), KEEP, AT) for f in (True, False)]
    assert {s.key for s in both[0]} == {s.key for s in both[1]} == {r.key for r in FLEET}
    values = [next(c for c in COLUMNS if c.key == column).sort(s.row) for s in both[0]]
    if column != "rate":
        assert values == sorted(values, reverse=True)


def test_equal_rows_do_not_dance():
    same = [row(f"s{n}", rate=dollars(1), cost=dollars(1)) for n in range(20)]
    once = [s.key for s in arranged(same, View(), KEEP, AT)]
    assert once == [s.key for s in arranged(same, View(), KEEP, AT + 1000)]


@pytest.mark.parametrize("group", ["project", "feature", "user"])
def test_groups_lose_no_cent(group: str):
    shown = arranged(FLEET, View(group=group), KEEP, AT)
    heads = [s for s in shown if s.members]
    assert sum(s.row.cost for s in heads) == sum(r.cost for r in FLEET)
    assert sum(s.members for s in heads) == len(FLEET)


def test_a_group_takes_the_worst_alarm_and_the_largest_floor():
    total = summed("all", FLEET)
    assert total.severity == "critical"
    assert total.floor
    assert total.rate == sum(r.rate for r in FLEET)


@pytest.mark.parametrize("width", [3, 10, 24, 40, 80, 100, 120, 200])
def test_columns_never_take_more_than_the_window(width: int):
    found = fits(chosen([c.key for c in COLUMNS]), width)
    if width >= 12:
        assert sum(w for _, w in found) + len(found) - 1 <= width
    assert {"session", "cost"} & {c.key for c, _ in found}


@pytest.mark.parametrize("width", range(40, 241))
def test_which_columns_there_are_depends_on_the_width_alone(width: int):
    columns = chosen(USUAL)
    short = fits(columns, width, dict.fromkeys(USUAL, 1))
    long = fits(columns, width, dict.fromkeys(USUAL, 60))
    assert [c.key for c, _ in short] == [c.key for c, _ in long]
    assert sum(w for _, w in long) + len(long) - 1 <= width


@pytest.mark.parametrize("width", [119, 136, 199])
def test_nothing_is_cut_while_another_column_has_room(width: int):
    needs = {"session": 11, "project": 17, "model": 12, "cost": 6, "rate": 6}
    found = {c.key: w for c, w in fits(chosen(USUAL), width, needs)}
    assert all(found[key] >= needs[key] for key in needs)
    assert found["why"] >= len("retries 92 % · 7.3x usual")
    if width > 119:
        assert found["why"] >= len("retries 92 % · 7.3x usual · $20.6 avoidable")


@pytest.mark.parametrize(
    ("width", "said"),
    [(22, "atlas-api·onboarding"), (16, "atlas·onboarding"), (14, "atl·onboarding"),
     (12, "atl·onboard…")],
)  # fmt: skip
def test_a_project_is_cut_before_its_feature(width: int, said: str):
    column = next(c for c in COLUMNS if c.key == "project")
    assert fitted("atlas-api·onboarding", column, width).strip() == said


def test_the_least_important_columns_go_first():
    narrow = [c.key for c, _ in fits(chosen([c.key for c in COLUMNS]), 60)]
    wide = [c.key for c, _ in fits(chosen([c.key for c in COLUMNS]), 200)]
    assert set(narrow) < set(wide)
    assert "pid" not in narrow
    assert narrow[:2] == ["flags", "session"]


@pytest.mark.parametrize(
    ("nanos", "width", "text"),
    [(dollars(22.74), 8, "22.74"), (dollars(12345.6), 8, "12,346"), (dollars(1234567), 7, "1235k"),
     (None, 8, "?"), (0, 8, "0.00"), (dollars(999.994), 6, "999.99")],
)  # fmt: skip
def test_money_fits_its_column(nanos: int | None, width: int, text: str):
    assert cash(nanos, width=width) == text


@given(st.integers(0, 10**18), st.booleans())
def test_money_never_outgrows_eight_cells(nanos: int, floor: bool):
    assert len(cash(nanos, floor=floor, width=8)) <= (10 if nanos > 10**15 else 8)


@given(st.integers(0, 10**14))
def test_counts_never_outgrow_five_cells(count: int):
    assert len(si(count)) <= 5


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0s"), (59_000, "59s"), (60_000, "1m"), (12_060_000, "3h21"), (100 * 3_600_000, "4d04"),
     (97 * 86_400_000, "97d"), (None, "-"), (-5, "0s")],
)  # fmt: skip
def test_ages(ms: int | None, text: str):
    assert short(ms) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("claude-opus-4-5-20251101", "opus-4.5"), ("gpt-5.1", "gpt-5.1"), ("openai/gpt-4o", "gpt-4o"),
     ("claude-3-5-sonnet-latest", "3.5-sonnet"), ("gpt-4o-2024-08-06", "gpt-4o"), ("", "")],
)  # fmt: skip
def test_models_lose_maker_and_date(name: str, text: str):
    assert short_model(name) == text


def test_folders_keep_what_tells_them_apart():
    assert short_place("/home/ana/code/shop/") == "shop"
    assert short_place("checkout/v2") == "checkout/v2"
    assert short_place("/") == "/"


def test_bars_stop_below_full_height_and_share_one_scale():
    top = scale([(0, dollars(1)), (dollars(3), 0)])
    assert dollars(3) <= top <= dollars(3) * 9 // 8
    assert bar(top, top) == "▇"
    assert bar(dollars(0.02), top) < bar(dollars(0.5), top)
    assert bar(0, top) == " "
    assert bar(1, top) == "▁"  # whatever is spent is seen
    assert set(sparkline(range(0, 10**9, 10**7), 12, 10**9)) <= {" ", *BARS}


@given(st.lists(st.integers(0, 10**12), max_size=60), st.integers(0, 40))
def test_a_sparkline_is_as_wide_as_asked(buckets: list[int], width: int):
    assert len(sparkline(buckets, width, max(buckets, default=0))) == width


def test_a_meter_shows_ticks_an_overrun_and_its_figures():
    budget = BudgetMeter("daily", "day", dollars(118), False, dollars(100), (50, 80, 100), 0)
    drawn = plain(meter(budget.spent, budget.amount, budget.tiers, 42))
    assert len(drawn) == 42
    assert drawn.count("┿") == 3
    inks = {span.ink for span in meter(budget.spent, budget.amount, budget.tiers, 42)}
    assert {"track", "bad", "warn", "h6"} <= inks  # past 100 %, short of 125 %
    assert plain(reading(budget)) == "   $118.00 of 100   118 %!"
    assert plain(meter(0, budget.amount, budget.tiers, 42)).count("┼") == 3
    plain_one = plain(meter(1, budget.amount, budget.tiers, 42, plain=True))
    assert plain_one.count("■") == 1
    assert plain_one.count("·") == 38


def test_a_curve_rises_to_its_last_point_between_labelled_axes():
    drawn = [plain(one) for one in curve([(AT, 10**9), (AT + 600_000, 3 * 10**9)], 60, 5, "UTC")]
    assert len(drawn) == 7
    assert drawn[0].strip().startswith("$3.00 ┤")
    assert drawn[4].strip().startswith("$0 ┤")
    assert drawn[0].endswith("\u28ff") or drawn[0][-1] > "\u2800"
    assert drawn[0][12] == "\u2800"
    assert "└──" in drawn[5]
    assert drawn[6].split() == ["14:32", "14:42"]
    assert curve([(AT, 5)], 60, 5, "UTC") == []
    assert curve([(AT, 0), (AT + 1, 0)], 60, 5, "UTC") == []  # no price is known: not $0
    assert curve([(AT, 5), (AT + 1, 6)], 12, 5, "UTC") == []


def test_marks_of_a_curve_never_write_over_each_other():
    marks = [(AT + 300_000, "! median_5x"), (AT + 310_000, "! retry_loop")]
    drawn = plain(curve([(AT, 1), (AT + 600_000, 2)], 100, 3, "UTC", marks=marks)[-1])
    assert "! median_5x" in drawn
    assert "retry" not in drawn


def test_a_waterfall_ends_in_its_sum():
    drawn = [plain(one) for one in waterfall([("output", dollars(3)), ("retries", dollars(1))], 80)]
    assert "75 %" in drawn[0]
    assert drawn[1].index("━") >= drawn[0].rindex("━")  # it begins where the one above ended
    assert drawn[-1].split()[-3:] == ["4.00", "100", "%"]
    assert waterfall([], 80) == []


@given(st.floats(-1, 2), st.integers(0, 60))
def test_a_bar_is_as_wide_as_asked(part: float, width: int):
    assert len(stroke(part, width)) == max(width, 1 if part > 0 and not width else width)


def test_the_calendar_puts_days_on_their_weekday_and_the_dearest_darkest():
    days = [Day(f"2026-11-{n:02}", n, n + 1, dollars(n), False, 1, 1, 1, 0) for n in range(1, 24)]
    drawn = [plain(one) for one in heat_map(days, "2026-11-23", 60, shaded=True)]
    assert drawn[1].startswith(" Mo ")
    assert drawn[1].rstrip().endswith("<>")  # 23 November 2026 is a Monday
    assert "██" in drawn[7]  # Sunday the 22nd
    assert drawn[7].count("░░") >= 1  # Sunday the 1st
    assert heat_map([], "", 60) == []


def test_upright_bars_stand_on_the_ground():
    drawn = [plain(one) for one in uprights([0, 5, 10], 3, "accent")]
    assert drawn[0] == "      ██ "
    assert drawn[2][3:5] == "██"
    assert drawn[2][:3] == "   "


@given(st.text(max_size=60), st.integers(0, 80), st.sampled_from("<>"))
def test_fit_fills_exactly_its_cells_whatever_the_text(text: str, width: int, align: str):
    assert cell_len(fit(text, width, align)) == width


@given(st.lists(st.tuples(st.text(max_size=12), st.sampled_from(sorted(COLOURED))), max_size=6),
       st.integers(1, 60))  # fmt: skip
def test_every_line_is_painted_to_its_width_and_without_foreign_characters(
    spans: list[tuple[str, str]], width: int
):
    from textual.color import Color

    from costtop.tui.draw.palette import DARK

    variables = DARK.to_color_system().generate()
    strip = paint(line(*spans), width, Inks(Color.parse("#000000"), variables, COLOURED))
    assert sum(cell_len(segment.text) for segment in strip) == width
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", strip.text)


@given(st.text(max_size=40))
def test_the_ascii_variant_has_a_character_for_each_cell(text: str):
    safe = fit(text, 40)
    assert asciified(safe).isascii()
    assert len(asciified(safe)) == 40


def test_spread_and_cut_keep_the_width():
    assert plain(spread(line("left " * 20), line("right"), 40)).endswith("right")
    assert len(plain(spread(line("left " * 20), line("right"), 40))) == 40
    assert plain(cut(line("漢字漢字"), 5)) == "漢字…"
    assert wrapped("one two three four", 9, 2) == ["one two", "  three", "  four"]


def test_only_the_cells_that_differ_are_painted_again():
    before, after = line("abc", ("12.00", "strong"), "xyz"), line("abc", ("13.00", "strong"), "xyz")
    assert changed_cells(before, before, 80) is None
    assert changed_cells(before, after, 80) == (4, 5)
    assert changed_cells((), after, 80) == (0, 80)
    assert changed_cells(line("漢字", "a"), line("漢字", "b"), 80) == (0, 80)


def test_without_colour_what_is_red_is_marked_by_more_than_colour():
    assert MONO["bad"].ground == "#ffffff"
    assert set(MONO) == set(ANSI) == set(COLOURED)
    assert all(ink.text.startswith("ansi_") for name, ink in ANSI.items() if ink.ground)


def test_settings_survive_the_file_and_nonsense_in_it(tmp_path):
    file = tmp_path / "screen.toml"
    liked = Preferences(theme="nord", delay=2.5, columns=("session", "cost"), keys=(("kill", "K"),))
    save(liked, file)
    assert load(file) == liked
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text('theme = 3\ndelay = "fast"\ncolumns = ["nope"]\nsort = "x"\nkeys = 1\n')
    assert load(file) == Preferences()
    file.write_text("not toml [")
    assert load(file) == Preferences()
    assert load(tmp_path / "absent.toml") == Preferences()


def test_setup_steps_and_moves_without_losing_the_last_column():
    settings = Preferences(columns=("session",))
    assert stepped(settings, "column:session", 1).columns == ("session",)
    assert stepped(settings, "column:cost", 1).columns == ("session", "cost")
    assert shifted(Preferences(columns=("a", "b")), "column:b", -1).columns == ("b", "a")
    assert shifted(Preferences(columns=("a", "b")), "column:b", 1).columns == ("a", "b")
    assert stepped(settings, "vim", 1).vim


def test_every_cell_of_every_column_is_drawn_for_every_row():
    look = CellLook(AT, dollars(1), "UTC")
    for shown in arranged(FLEET, View(tree=True), KEEP, AT):
        for column in COLUMNS:
            cell = column.cell(shown, look)
            spans = (cell,) if isinstance(cell, Span) else cell
            assert all(isinstance(span, Span) for span in spans)


def test_the_first_run_names_each_tool_once_and_what_was_found_first():
    from costtop.queries.live.view import SourceSeen
    from costtop.tui.widgets.around_list import _looked

    seen = (
        SourceSeen("a", "Alpha", "/old/alpha", 0, False),
        SourceSeen("a", "Alpha", "/home/alpha", 7, True),
        *(SourceSeen(str(n), f"Tool {n}, older", f"/t{n}", 0, False) for n in range(6)),
    )
    said = ["".join(span.text for span in line) for line in _looked(seen)]
    assert ["Alpha" in text for text in said] == [True, *[False] * 5]
    assert "7 files" in said[0]
    assert "and 2 more tools" in said[-1]
    assert not any("older" in text for text in said)
