"""Tests of the compiled part build it first, where a compiler is; else they are skipped."""

import os
import shutil
from collections.abc import Iterator
from ctypes import CDLL

import pytest

from costtop.native import library
from scripts.wheel import native
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _wanted() -> None:
    if library.pure():
        pytest.skip(f"{library.PURE} is set")


@pytest.fixture(scope="session")
def _why_not() -> str:
    why = library.load()
    if why:  # not built, or of other sources
        why = native.built(ROOT, ROOT / "costtop" / "native") or library.load()
    library.leave()
    return why


@pytest.fixture
def compiled(_why_not: str) -> Iterator[CDLL]:
    """The compiled part, loaded for the time of a test."""
    if _why_not:
        assert not shutil.which(os.environ.get("CC") or "cc"), _why_not
        pytest.skip(f"without the compiled part: {_why_not}")
    library.load()
    found = library.loaded()
    assert found
    yield found
    library.leave()
