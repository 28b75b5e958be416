"""The fuzzing of the compiled part runs, knows every function, and notices what it is for."""

import shutil
from pathlib import Path

import pytest
from fuzzing import differing, driving

from costtop.native import library

GREEDY = """
#include <stdlib.h>
typedef uint32_t (*chance)(uint32_t below);
static bool greedy(const uint8_t *data, size_t size, chance any) {
    return data[size] + any(2) < 300;
}
static const struct {
    const char *name;
    bool (*fed)(const uint8_t *data, size_t size, chance any);
} targets[] = {{"greedy", greedy}};
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a driver can be built, which needs a compiler with sanitizers."""
    try:
        driving.built(tmp_path)
    except driving.Unable as error:
        pytest.skip(str(error))
    return tmp_path


def test_the_driver_feeds_every_function_and_finds_nothing(folder: Path) -> None:
    assert driving.fed(folder / "driver", seed=1, rounds=1500) == ""


def test_a_function_that_reads_a_byte_too_much_is_found(folder: Path) -> None:
    shutil.copy(driving.HERE / "driver.c", folder)
    (folder / "targets.h").write_text("#include <stdbool.h>\n#include <stdint.h>\n" + GREEDY)
    said = driving.fed(driving.built(folder, folder / "driver.c"), seed=1, rounds=9)
    assert "heap-buffer-overflow" in said
    assert "driver: seed 1, round 0" in said


def test_no_function_is_left_out() -> None:
    assert driving.exported() == driving.fed_functions() != set()


@pytest.mark.usefixtures("compiled")
def test_spoilt_logs_give_the_same_in_both_ways() -> None:
    assert not any(map(differing.spoilt, range(40)))
    assert library.loaded() is None
