"""What an import has freed goes back to the system."""

import subprocess
import sys

import pytest

CODE = """
from costtop.daemon.jobs.upkeep import give_back, resident
kept = [bytes(3000) for _ in range(40_000)]
kept = kept[::100]  # holes: the end of the heap is in use
before = resident()
give_back()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_freed_memory_is_given_back():
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 50_000_000
