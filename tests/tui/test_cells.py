"""Text takes the cells that Rich says, which is not loaded for nearly all of it."""

import rich.cells
from hypothesis import given
from hypothesis import strategies as st

from costtop.text import clean
from costtop.tui.draw import cells
from costtop.tui.draw.ascii import asciified

_TEXT = st.text(st.sampled_from(sorted(cells.SINGLE)) | st.characters(), max_size=40).map(clean)


def test_every_character_that_is_not_asked_of_rich_takes_one_cell() -> None:
    assert [one for one in sorted(cells.SINGLE) if rich.cells.cell_len(one) != 1] == []


@given(_TEXT, st.integers(0, 50))
def test_a_text_has_the_cells_that_rich_counts_and_is_cut_as_rich_cuts(text: str, to: int) -> None:
    assert cells.cell_len(text) == rich.cells.cell_len(text)
    assert cells.set_cell_size(text, to) == rich.cells.set_cell_size(text, to)
    assert len(asciified(text)) == rich.cells.cell_len(text)
