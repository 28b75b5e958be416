"""Runs command lines as processes of their own, quickly: forked after all has been loaded once.

`python -m tests.cli.forks KIND…` reads command lines as JSON from stdin and answers, for each KIND,
with [exit code, standard output, standard error] of each. KIND is what standard output is: a pipe
that is read ("pipe"), a full disk ("full"), a pipe whose reader has gone ("gone"), or nothing
("closed"). Each has a folder of its name to be in.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import tempfile

from costtop.cli.main import MODULES, main


def _outward(kind: str, printed: int) -> None:
    """Makes standard output of this process what `kind` says."""
    if kind == "closed":
        os.close(1)
        sys.stdout = None
        return
    if kind == "gone":
        reader, end = os.pipe()
        os.close(reader)
    else:
        end = os.open("/dev/full", os.O_WRONLY) if kind == "full" else printed
    os.dup2(end, 1)


def _ran(words: list[str], kind: str) -> int | None:
    """The exit code of the forked process; None in that process itself, which goes on."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            _outward(kind, out.fileno())
            os.dup2(err.fileno(), 2)
            return None
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
        answers[kind].append([os.waitstatus_to_exitcode(status), *texts])
        return 0


answers: dict[str, list[list[object]]] = {}
if __name__ == "__main__":
    for at, _ in MODULES.values():
        importlib.import_module(f"costtop.cli.{at}")
    gc.freeze()  # no child looks through all of it again, nor copies it by looking
    given = json.load(sys.stdin)
    for kind in sys.argv[1:]:
        answers[kind] = []
        os.mkdir(kind)  # what they write there is not in the way of the next
        os.chdir(kind)
        for line in given:
            if _ran(line, kind) is None:
                with contextlib.suppress(AttributeError):
                    sys.stdout.flush()
                sys.exit(main(line))
        os.chdir("..")
    print(json.dumps(answers))
