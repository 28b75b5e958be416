"""A screen keeps names by their ids, until ids have gone: then it reads them anew."""

from contextlib import closing
from pathlib import Path

from costtop.model import Call, Context, Tokens
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

NOW = 1_795_000_000_000


def test_names_and_contexts_are_those_of_their_ids_also_after_ids_were_given_to_others(
    tmp_path: Path,
):
    context = Context("/src/a", "main", "/src/a", user="ada", host="here")
    call = Call(b"k" * 16, "claude-code", "s", "m", Tokens(10), NOW, context)
    priced = Priced(call, 5, 5, None)
    reading = Reading("claude-code", b"/log", "[]", "{}", 0, False, [priced], [], [], [], [])
    with closing(open_writer(tmp_path / "x.db")) as db:
        db.execute("BEGIN")
        record(db, WriteContext(lambda c, _s, _m: c.feature), [reading], NOW)
        db.execute("COMMIT")
        with closing(open_reader(tmp_path / "x.db")) as reader:
            live = Live(reader)

            def shown() -> tuple[str, ...]:
                (row,) = live.take(NOW, Pulse(running=False)).sessions
                return row.project, row.branch, row.cwd, row.user, row.host

            assert shown() == ("/src/a", "main", "/src/a", "ada", "here")
            db.execute("UPDATE names SET text = '/src/other' WHERE text = '/src/a'")
            meta.void_ids(db)
            assert shown() == ("/src/other", "main", "/src/other", "ada", "here")
            db.execute("UPDATE names SET text = 'bob' WHERE text = 'ada'")
            meta.void_ids(db)
            assert shown() == ("/src/other", "main", "/src/other", "bob", "here")
