"""How the daemon is, as readers see it: from its status file. It asks the daemon nothing."""

from collections.abc import Mapping
from typing import Any

from costtop import __version__
from costtop.paths import Paths
from costtop.queries.live.live_processes import exited, processes
from costtop.queries.live.view import Pulse, SourceSeen
from costtop.store import daemon_status

_LIVE = 1 << 20  # bytes that are read at once without being an import


def look(paths: Paths, now: int) -> tuple[Pulse, tuple[SourceSeen, ...]]:
    """The daemon's pulse and the sources it found; a Pulse that is not running without one."""
    said = daemon_status.read(paths.status)
    fresh = daemon_status.is_fresh(said, now)
    return pulse(said) if fresh else Pulse(running=False), _found(said)


def pulse(said: Mapping[str, Any]) -> Pulse:
    """The pulse of a daemon that says this of itself."""
    work, seen = said.get("import", {}), processes(said)
    total = int(work.get("total_bytes", 0))
    return Pulse(
        running=True,
        pid=int(said["pid"]),
        version=str(said.get("version", "")),
        at=int(said.get("at", 0)),
        lag=int(said.get("lag_ms", 0)),
        importing=bool(work.get("active")) and not 0 < total < _LIVE,
        import_done=int(work.get("done_bytes", 0)),
        import_total=total,
        watch=str(said.get("watch", "")),
        trouble=str(said.get("trouble", "")) or _other_version(str(said.get("version", ""))),
        exited=exited(said),
        processes=tuple(one for one in seen if one.confidence == "exact"),
        guesses=tuple(one for one in seen if one.confidence != "exact"),
    )


def _other_version(of_daemon: str) -> str:
    """That daemon and reader are of different costtops; both go on as far as they understand."""
    if not of_daemon or of_daemon == __version__:
        return ""
    return (
        f"the daemon is costtop {of_daemon}, this is {__version__}: restart the older one"
        " (costtop daemon stop; costtop start)"
    )


def _found(said: Mapping[str, Any]) -> tuple[SourceSeen, ...]:
    return tuple(
        SourceSeen(
            str(item.get("source", "")),
            str(item.get("title", "")),
            str(item.get("folder", "")),
            int(item.get("files", 0)),
            bool(item.get("found")),
        )
        for item in said.get("sources", [])
    )
