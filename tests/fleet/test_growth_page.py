"""docs/fleet-growth.md: its table on paper is what the bench computes."""

from benches import ledger_paper

from tests.docs.blocks import ROOT


def test_the_table_on_paper_is_the_bench_s():
    assert ledger_paper.table() in (ROOT / "docs/fleet-growth.md").read_text()


def test_a_batch_between_two_that_were_measured_costs_between_them():
    known = [ledger_paper.batch_ms(rows) for rows in (1, 10, 20, 60, 100, 500, 900)]
    assert known == sorted(known)
    assert round(ledger_paper.batch_ms(500), 6) == 12.5 * 1.2
