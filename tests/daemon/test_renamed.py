"""A log that was renamed, or came back from another disk under another name, counts once."""

import os
import shutil
from pathlib import Path

import pytest

from costtop.sources.registry import SOURCES
from costtop.tail.patterns import names
from tests.conformance.pipeline import report, scan
from tests.sources import golden

LINES = [x for x in SOURCES if x.shape == "lines" and x.roots({}, Path("/"))]


def under_another_name(source, root, file):
    """The file's path with an x before its name, or its folder's where the name is fixed."""
    patterns = names(tuple(pattern.encode() for pattern in source.patterns))
    for new in (file.with_name(f"x{file.name}"), file.parent.with_name("x") / file.name):
        if root in new.parents and patterns.files.fullmatch(bytes(new.relative_to(root))):
            return new
    return None


@pytest.mark.parametrize("same_disk", [True, False])
@pytest.mark.parametrize("source", LINES, ids=lambda source: source.name)
def test_a_log_that_was_renamed_counts_once(source, same_disk, home):
    root, logs = source.roots({}, home)[0], []
    for path, file in golden.files(source.name):
        logs.append(root / path)
        logs[-1].parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, logs[-1])
    scan()
    before = report("total")["total"]
    for log in logs:
        if (new := under_another_name(source, root, log)) is not None:
            new.parent.mkdir(exist_ok=True)
            if same_disk:
                os.rename(log, new)
            else:
                shutil.copy(log, new)
                log.unlink()
    scan()
    assert report("total")["total"] == before
