"""costtop for Python programs: the public client. It loads nothing heavy and prints nothing.

    with costtop.session("checkout-42", feature="checkout-assistant", user="ana") as s:
        s.record(model="claude-sonnet-4-5", input_tokens=1200, output_tokens=300)
        s.record_response(response)
        s.task("T-17").complete()

What it offers is loaded at its first use: the quick commands import this package too.
"""

TYPE_CHECKING = False  # as type checkers know it, without the 8 ms of `typing`

if TYPE_CHECKING:
    from costtop.client.process_sender import flush
    from costtop.client.recording import (
        Session,
        Task,
        current,
        record,
        record_response,
        session,
        task,
    )

__version__ = "0.1.0"

_OFFERED = {
    "Session": "recording",
    "Task": "recording",
    "current": "recording",
    "flush": "process_sender",
    "record": "recording",
    "record_response": "recording",
    "session": "recording",
    "task": "recording",
}

__all__ = ["Session", "Task", "current", "flush", "record", "record_response", "session", "task"]


def __getattr__(name: str) -> object:
    if name not in _OFFERED:
        raise AttributeError(f"module 'costtop' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"costtop.client.{_OFFERED[name]}"), name)
    globals()[name] = found
    return found
