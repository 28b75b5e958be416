"""What a user can set about anomalies, with the defaults. It reads no configuration file.

Constants that belong to one detector stand in its module, with the reason.
"""

from costtop.durations import DAY, MINUTE
from costtop.model import Severity
from costtop.money import NANO
from costtop.named_tuples import NamedTuple


class Settings(NamedTuple):
    """The [anomaly] table of the config, in ms and nano-dollars."""

    multiplier: float = 5.0  # x the median of finished peers: the plain rule
    min_peers: int = 5
    floor: int = NANO // 4  # never flag a session cheaper than this
    finished_after: int = 30 * MINUTE  # idle this long is finished
    plain_rule: Severity = "warning"  # warning | notice: how loud the plain rule alone is
    session_cap: int = 10 * NANO  # an absolute cap while there are too few peers
    daily_budget: int | None = None  # scales severity, when there is one
    window: int = 400  # finished sessions a group remembers
    window_ms: int = 28 * DAY
    zone: str = "UTC"  # the user's: whose days are theirs
    alpha: float = 0.002  # false alarms a learnt detector may raise per session
    learnt_from: int = 30  # peers from which learnt detectors are pushed, not only listed
