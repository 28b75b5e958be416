"""One plain sentence with numbers."""

from costtop.analysis import because, ledger, why
from costtop.analysis.why import Standard, Standing
from costtop.money import NANO

PEERS = Standard("backend", 212, round(1.57 * NANO), round(8.3 * NANO), round(9.1 * NANO))


def test_the_sentence_holds_words_peers_ratio_and_what_another_turn_costs():
    text = why.sentence("turns 14-31 repeated Bash 9 times, $4.12 of $5.80", "", PEERS, 3.7,
                        round(0.46 * NANO))  # fmt: skip
    assert text == (
        "Turns 14-31 repeated Bash 9 times, $4.12 of $5.80; peers (backend, n=212) cost $1.57,"
        " p95 $8.30: 3.7x; if it goes on, +$0.46 a turn."
    )


def test_few_peers_are_said_to_be_few():
    text = why.sentence("x", "", PEERS._replace(peers=7), 2.0)
    assert "peers (backend, few peers, n=7) cost $1.57, the dearest $9.10" in text
    assert "p95" not in text


def test_without_peers_nothing_is_said_of_them():
    assert why.sentence("it costs", "", None, 0.0) == "It costs."


def test_reasons_never_leave_out_what_takes_off_the_most():
    parts = {"retry_loop": 37 * NANO, "longer": 2 * NANO, "verbose_output": 2 * NANO,
             "context_growth": -31 * NANO}  # fmt: skip
    assert because.reasons(10 * NANO, parts) == (
        "$10.00 more than usual: $37.00 from retries, $2.00 from more turns,"
        " -$31.00 from a smaller context"
    )


def test_reasons_name_the_largest_parts_and_savings_too():
    parts = {"longer": 2 * NANO, "model_shift": -NANO, "verbose_output": 2 * NANO, "fan_out": 0}
    assert because.reasons(3 * NANO, parts) == (
        "$3.00 more than usual: $2.00 from more turns, $2.00 from longer replies,"
        " -$1.00 from cheaper models"
    )


def test_what_is_not_dearer_than_usual_has_no_reasons():
    assert because.reasons(0, {"longer": 0}) == ""
    assert because.reasons(-NANO, {"longer": -2 * NANO, "retry_loop": NANO}) == ""


def test_a_multiple_that_says_nothing_is_not_said():
    assert "x" not in why.sentence("it repeats", "", PEERS, 0.2).removeprefix("It repeats")


def test_the_cause_is_the_largest_driver_or_none_where_that_is_length():
    assert because.cause(3 * NANO, {"longer": 2 * NANO, "retry_loop": NANO}) is None
    assert because.cause(3 * NANO, {"longer": NANO, "retry_loop": 2 * NANO}) == "retry_loop"
    assert because.cause(30 * NANO, {"longer": 0, "retry_loop": 2 * NANO}) is None


def test_a_mechanism_gives_way_to_a_dearer_line_of_the_ledger():
    books = [0] * 12
    books[8] = 5 * NANO
    assert because.mechanism({"context_growth": NANO}, books) == "retry_loop"
    assert because.mechanism({"context_growth": 6 * NANO}, books) == "context_growth"
    assert because.mechanism({"context_growth": 0}, [0] * 12) == "context_growth"


def standing(cost, retries=0.0, cause=None, median=1.0, peers=40):
    books = [0] * 12
    books[8] = round(retries * NANO)
    books[2] = round(cost * NANO) - books[8]
    return Standing(0, 9, round(cost * NANO), tuple(books), cause, peers, round(median * NANO))


def test_the_words_of_a_cell_are_the_ledgers_largest_avoidable_line_the_multiple_and_the_dollars():
    assert why.words(standing(17, 16.6)) == "retries 98 % · 17x usual · $16.6 avoidable"
    assert why.words(standing(5, 0.5, "context_growth")) == (
        "context grows · 5.0x usual · $0.50 avoidable"
    )
    assert why.words(standing(5)) == "longer than usual · 5.0x usual"
    assert why.words(standing(0.5)) == "dear for its age"
    assert why.words(standing(12, median=0, peers=0)) == "nothing to compare with yet"
    assert why.words(standing(0.5, cause="retry_loop")) == "retry loop"


def test_a_standing_is_read_as_it_was_written():
    one = standing(5, 2)._replace(level="feature", of="checkout")
    assert why.decoded(why.encoded(one)) == one


def test_the_lines_are_the_ledgers_in_its_order():
    assert tuple(why.LINES) == ledger.BUCKETS
    books = tuple(range(12))
    assert Standing(0, 1, 66, books, None).avoidable == ledger.avoidable(books)
