"""Lines put into a user's config.toml and cut out again: nothing else of the text moves."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.cli.upkeep.setup.config_text import NoRoom, cut, inserted
from costtop.config import Endpoint

PHONE = Endpoint(label="ntfy", url='ntfy://a"topic\\')
SETTINGS = {"session_cap": "$15", "multiplier": 8.0}
_PARTS = (
    "# mine\n", "\n", 'timezone = "UTC"\n', "off = [\n  'codex', # not this\n]\n",
    "[anomaly]\n", "[ anomaly ] # unusual\nmin_peers = 7\n",
    '[[notify]]\nlabel = "a"\nurl = "log:~/x"\n',
    '[[budget]]\nname = "b"\namount = """\n[anomaly]\n"""\n', "[metrics]\nport = 9464",
)  # fmt: skip


@st.composite
def _texts(draw) -> str:
    """What people write, in any order that is TOML."""
    parts = draw(st.lists(st.sampled_from(_PARTS), max_size=5, unique=True))
    text = "".join(parts)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return ""
    return text


@given(_texts(), st.sampled_from([{}, SETTINGS]), st.sampled_from([None, PHONE]))
def test_what_was_put_in_says_what_is_meant_and_comes_out_without_a_trace(text, settings, endpoint):
    made = inserted(text, settings, endpoint)
    tree, before = tomllib.loads(made.text), tomllib.loads(text)
    if settings:
        assert {**before.get("anomaly", {}), **settings} == tree["anomaly"]
    if endpoint is not None:
        assert tree["notify"][-1] == {"label": PHONE.label, "url": PHONE.url}
        assert tree["notify"][:-1] == before.get("notify", [])
    assert {k: v for k, v in tree.items() if k not in ("anomaly", "notify")} == {
        k: v for k, v in before.items() if k not in ("anomaly", "notify")
    }
    assert cut(made.text, made.pieces) == (text, [])


@given(_texts(), st.sampled_from(["# later\n", "\n[git]\nread = false\n"]))
def test_what_was_written_behind_it_since_stays(text, later):
    made = inserted(text, SETTINGS, PHONE)
    left, edited = cut(made.text + later, made.pieces)
    assert (left, edited) == (text + later, [])


def test_what_was_edited_is_left_and_named():
    made = inserted("# mine\n", SETTINGS, PHONE)
    text = made.text.replace("8.0", "9.0")
    left, edited = cut(text, made.pieces)
    assert edited == [made.pieces[0]] and "multiplier = 9.0" in left and "[[notify]]" not in left


@pytest.mark.parametrize("text", ["anomaly.min_peers = 7\n", "anomaly = {}\n", "notify = []\n"])
def test_a_form_into_which_nothing_can_be_put_is_refused(text):
    with pytest.raises(NoRoom, match="by hand"):
        inserted(text, SETTINGS, PHONE)
