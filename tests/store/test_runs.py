"""Which sessions are a run's where no process is known: by folder, or by the project's name."""

from hashlib import sha256
from pathlib import Path

import pytest

from costtop.model import Context
from costtop.store.db import open_writer
from costtop.store.sessions import runs
from tests.store.test_heard import T0, reading, rollout, write


@pytest.mark.parametrize(
    ("context", "here", "named"),
    [
        (Context(cwd="/home/ana/My Shop"), True, False),
        (Context(cwd="/home/ana/My Shop/api", project="api"), True, False),
        (Context(project="my-shop"), False, True),
        (Context(project=sha256(b"/home/ana/My Shop").hexdigest()[:12]), False, True),
        (Context(cwd="/srv/my-shop", project="my-shop"), False, False),
        (Context(project="other"), False, False),
        (Context(), False, False),
    ],
)
def test_a_session_is_met_by_its_folder_or_by_its_projects_name(tmp_path, context, here, named):
    db = open_writer(Path(tmp_path) / "home" / "costtop.db")
    write(db, reading(rollout(5)._replace(context=context)))
    asked = ("/home/ana/My Shop", T0, T0 + 10)
    assert bool(runs.begun_here(db, *asked)) == here
    assert bool(runs.begun_by_name(db, *asked)) == named
    assert not runs.begun_by_name(db, asked[0], T0 + 6, T0 + 10)
    db.close()
