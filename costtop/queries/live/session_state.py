"""Whether a session runs, idles or has ended, from times alone. It looks at no process."""

RUNNING_FOR = 5 * 60_000  # ms after the last call in which a session counts as running


def state(now: int, last: int | None, ended: int | None, finished_after: int) -> str:
    """running | idle | ended."""
    if ended is not None or last is None or now - last >= finished_after:
        return "ended"
    return "running" if now - last < RUNNING_FOR else "idle"
