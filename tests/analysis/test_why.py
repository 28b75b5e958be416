"""One plain sentence with numbers."""

from costtop.analysis import why
from costtop.analysis.drivers import Split
from costtop.analysis.why import Standard
from costtop.model import NANO

PEERS = Standard("backend", 212, round(1.57 * NANO), round(8.3 * NANO), round(9.1 * NANO))


def test_the_sentence_holds_words_peers_ratio_and_what_another_turn_costs():
    text = why.sentence("turns 14-31 repeated Bash 9 times, $4.12 of $5.80", "", PEERS, 3.7,
                        round(0.46 * NANO))  # fmt: skip
    assert text == (
        "Turns 14-31 repeated Bash 9 times, $4.12 of $5.80; peers (backend, n=212) cost $1.57,"
        " p95 $8.30; now at 3.7x; if it goes on, +$0.46 a turn."
    )


def test_few_peers_are_said_to_be_few():
    text = why.sentence("x", "", PEERS._replace(peers=7), 2.0)
    assert "peers (backend, few peers, n=7) cost $1.57, the dearest $9.10" in text
    assert "p95" not in text


def test_without_peers_nothing_is_said_of_them():
    assert why.sentence("it costs", "", None, 0.0) == "It costs."


def test_reasons_name_the_largest_parts_and_savings_too():
    split = Split(5 * NANO, 2 * NANO, (2 * NANO, 0, -NANO, 0, 0, 0, 2 * NANO, 0))
    assert why.reasons(split) == (
        "$3.00 more than usual: $2.00 from more turns, $2.00 from longer replies,"
        " -$1.00 from cheaper models"
    )


def test_no_difference_needs_no_reason():
    assert why.reasons(Split(NANO, NANO, (0,) * 8)) == ""
