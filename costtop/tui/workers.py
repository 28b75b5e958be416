"""What goes on beside the screen: work in threads, a watch on its terminal, a bug's traceback."""

import asyncio
import os
import select
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from costtop.errors import CosttopError
from costtop.files import private_file
from costtop.named_tuples import NamedTuple
from costtop.text import clean

_THREADS = 4  # a frame, what screens read, commands
_GRACE = 5.0  # s in which a screen without a terminal may end by itself


class Job(NamedTuple):
    """Work for a thread, and who takes its answer, or why it `failed`, in the screen's own."""

    work: Callable[[], Any]
    take: Callable[[Any], None]
    failed: Callable[[str], None]
    group: tuple[Screen[Any], str] | None = None  # only the latest answer of a group is wanted
    asks: str = ""  # what is said while another machine is asked, which may take a minute


class Beside:
    """Runs jobs in threads; Textual's own workers cost three times as much processor time.

    What is asked for at one moment runs in one thread and is answered at one moment: one painting.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(_THREADS, "beside")
        self._waiting: list[Job] = []
        self._latest: dict[tuple[Screen[Any], str], Job] = {}
        self._has_ended = False
        self._busy = 0  # jobs that are not answered yet

    @property
    def is_idle(self) -> bool:
        """Whether everything is answered."""
        return not self._busy

    def run(self, job: Job) -> None:
        """Runs a job by itself; one that asks another machine, apart from all others."""
        self._busy += 1
        if job.asks:
            self._app.notify(clean(job.asks, 400), markup=False)
            threading.Thread(target=self._work, args=([job],), daemon=True).start()
        else:
            self._start([job])

    def look(self, job: Job) -> None:
        """Runs a job with what else is asked for now; it replaces one of its group."""
        self._busy += 1
        if job.group is not None:
            self._latest[job.group] = job
        self._waiting.append(job)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._start, self._waiting)

    def end(self) -> None:
        """Starts nothing any more."""
        self._has_ended = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, jobs: list[Job]) -> None:
        if jobs is self._waiting:
            self._waiting = []
        if not self._has_ended:
            self._pool.submit(self._work, jobs)

    def _work(self, jobs: list[Job]) -> None:
        """In a thread."""
        self._app.call_later(self._answer, [(job, self._worked(job)) for job in jobs])

    def _worked(self, job: Job) -> Any:
        """The answer, or what was raised; nothing where another job has taken its place."""
        if not self._is_wanted(job):
            return None
        try:
            return job.work()
        except Exception as error:
            return error

    def _is_wanted(self, job: Job) -> bool:
        return job.group is None or self._latest.get(job.group) is job

    def _answer(self, answers: list[tuple[Job, Any]]) -> None:
        self._busy -= len(answers)
        for job, answer in answers:
            if not self._is_wanted(job) or not self._app.is_running:  # it ends: widgets go
                continue
            if job.group is not None:
                del self._latest[job.group]
            if isinstance(answer, CosttopError):
                job.failed(str(answer))
            elif isinstance(answer, Exception):
                raise answer
            else:
                job.take(answer)


def written(error: BaseException, log: Path | None) -> str:
    """Writes the traceback into the log; one line that says what happened and where it stands."""
    said = clean(f"{type(error).__name__}: {error}", 120)
    told = "".join(traceback.format_exception(error))
    if log is None:
        return f"the screen failed ({said})"
    try:
        handle = private_file(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{time.strftime('%F %T')} the screen failed\n{told}")
    except OSError as trouble:
        return f"the screen failed ({said}); {log} cannot be written: {trouble.strerror}"
    return f"the screen failed ({said}); the traceback is in {log}"


def watch_terminal(terminal: int = 1) -> None:
    """Ends the process when its terminal has gone, though its loop waits for ever.

    A closed window or a killed multiplexer sends a signal too, but the thread that writes may have
    died of the terminal before, and the loop waits for that thread: nothing of it would ever run
    again. The watch rests in the kernel, in a thread of its own; nothing where it is no terminal.
    """
    if os.isatty(terminal):
        threading.Thread(target=_wait, args=(terminal,), name="hang-up", daemon=True).start()


def _wait(terminal: int) -> None:
    gone = select.poll()
    gone.register(terminal, 0)  # of a hang-up it tells unasked
    while not (told := gone.poll()):
        pass
    if not told[0][1] & (select.POLLHUP | select.POLLERR):
        return  # a system that cannot poll a terminal says so, and nothing of its end
    time.sleep(_GRACE)
    os._exit(128 + signal.SIGHUP)
