"""What a fault means that keeps the daemon's work from beginning: to be waited out, or the end."""

from pathlib import Path

from costtop.errors import CosttopError, Unusable
from costtop.lasting import Faults
from costtop.store.reserve import Reserve
from costtop.world_faults import PASSING, judge


def meet(error: Exception, database: Path, faults: Faults, *, is_up: bool) -> None:
    """Tells a fault that is to be waited out; raises a bug, and what keeps a start for good.

    `is_up` is whether the work had begun before. What passes by itself keeps no start: nobody
    would start the daemon again.
    """
    what = judge(error)
    if what is None:
        raise error
    if not is_up and what.kind not in PASSING:
        said = Unusable(f"cannot start: {what.said}")
        raise error if isinstance(error, CosttopError) else said from None
    if what.kind == "full":  # after a crash on a full disk it is to work, and to tell
        Reserve(database).free()
    faults.tell("reload" if is_up else "start", what)
