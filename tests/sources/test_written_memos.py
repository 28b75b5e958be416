"""A memo that was written is the same memo when it is read, whatever texts of logs are in it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from costtop.sources.fold.source import written

_PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
_TEXT = _PLAIN | st.text(st.characters(codec=None, categories=("Cs", "Cc", "Lu")))
_VALUES = st.recursive(_TEXT, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.dictionaries(st.text(), _VALUES))
def test_a_memo_is_read_as_it_was_written(memo: dict[str, object]) -> None:
    assert json.loads(written(memo)) == json.loads(json.dumps(memo))
