"""Run by test_hidden.py where /proc shows nothing: finds, holds and ends an agent through psutil.

hidden.py REAL-PROC FOLDER      prints one JSON object
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

psutil.PROCFS_PATH = sys.argv[1]  # psutil's own setting; all else of this process sees no /proc

from costtop.errors import Refused  # noqa: E402
from costtop.processes.evidence.evidence_nouns import Wanted  # noqa: E402
from costtop.processes.evidence.search import blindness, search  # noqa: E402
from costtop.processes.handle import YOUNGEST, hold  # noqa: E402
from costtop.processes.inspect.inspector import lineage, system_inspector  # noqa: E402
from costtop.processes.refuse import refusal  # noqa: E402

folder, told = Path(sys.argv[2]), {}
log = folder / "s1.jsonl"
program = folder / "claude"
program.write_text(
    "import sys, time\nout = open(sys.argv[1], 'a')\nprint('up', flush=True)\ntime.sleep(300)\n"
)
child = subprocess.Popen(
    [sys.executable, str(program), str(log)], stdout=subprocess.PIPE, cwd=folder
)
try:
    assert child.stdout and child.stdout.readline() == b"up\n"
    inspector = system_inspector()
    told["inspector"], told["blind"] = inspector.__name__, blindness()
    wanted = Wanted("claude-code/s1", "claude-code", ("s1",), str(folder), (str(log),))
    claims = search([wanted], [], inspector)
    told["claims"] = [[one.pid == child.pid, one.confidence] for one in claims]
    told["refused"] = {
        str(pid): refusal(pid, inspector) for pid in (0, 1, os.getpid(), os.getppid())
    }
    told["child"] = refusal(child.pid, inspector)
    told["lineage"] = lineage(child.pid, inspector)[0][0] == os.getpid()
    handle = hold(child.pid, claims[0].start, inspector, pidfds=False)
    assert handle is not None
    young = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        hold(young.pid, None, inspector, pidfds=False).send(signal.SIGTERM)
    except Refused as reason:
        told["young"] = str(reason)
    told["young lives"] = young.poll() is None
    young.communicate(b"\n")
    other = hold(child.pid, claims[0].start + 10_000, inspector, pidfds=False)
    told["another's number"] = other is None
    time.sleep(YOUNGEST + 0.1)
    told["sent"] = handle.send(signal.SIGTERM)
    child.wait(120)
    told["gone"], told["again"] = handle.gone(), handle.send(signal.SIGKILL)
finally:
    child.kill()
    child.communicate()
print(json.dumps(told))
