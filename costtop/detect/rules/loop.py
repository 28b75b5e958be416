"""D7, the retry loop: the same tool call again and again, or the same failure of one tool.

It reads hashes of arguments and outcomes, never text. Cycles (A B A B) need no rule of their own:
each key gathers its own score. An edit between two runs of the same test is work, not a loop. A
tool that fails in the same way whatever it is asked has a track of its own, which ends when it
brings anything new: so an edit whose text is not found and guessed paths are seen.
"""

from collections.abc import Iterable
from operator import attrgetter

from costtop.detect.rules.excess import projected
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.running_session import SAME, TURN, Moved, RunningSession, book
from costtop.model import Spend, ToolUse
from costtop.money import dollars
from costtop.named_tuples import NamedTuple

_NEAR = 12  # turns within which the same key is a repeat
_LIMIT = 3.999  # four, less what sums of tenths lose
_IN_CIRCLE, _SHARED = 1.0, 0.8  # score of each call of a circle, and what of it counts
_SUSPECT = 2.0  # score from which the repeats are booked as retries
_SAME_ERROR, _OTHER_ERROR, _SAME_RESULT, _SAME_SIZE = 1.0, 0.4, 0.3, 0.25
_SAME_KIND, _OTHER_KIND, _NO_KIND = 0.8, 0.3, 0.15  # of a failure, whatever was asked
_KIND = "~"  # parts a failed result from its kind (`sources.fold.fingerprints`)
_WAITING = 4  # turns between two looks of somebody who waits
_LISTED = 5  # failures that are named even while they cost next to nothing
_WAITS = 2  # turns that an outcome may take to arrive
_outcome = attrgetter("error")
EDITS = {
    "edit",
    "multiedit",
    "write",
    "notebookedit",
    "apply_patch",
    "str_replace",
    "create_file",
    "write_file",
    "replace",
    "edit_file",
    "str_replace_editor",
    "patch",
}


class Track(NamedTuple):
    """What is known of one key (tool and arguments; no arguments: all failures of the tool)."""

    score: float
    turn: int  # last one that asked for it
    error: bool
    result: str | None
    growth: int  # of the context at that turn
    turns: tuple[int, ...] = ()  # repeats
    fails: int = 0


class Waiting(NamedTuple):
    """Uses of one call whose outcomes have not all arrived."""

    turn: int
    growth: int
    first: int  # the first of its uses that has not been scored
    uses: tuple[ToolUse, ...]


class Loop:
    """All keys of a session, and calls whose outcomes have not arrived."""

    __slots__ = ("edited", "pending", "scored", "tracks")

    def __init__(self) -> None:
        self.tracks: dict[tuple[str, str], Track] = {}
        self.edited = 0  # turn of the last edit that succeeded
        self.pending: dict[bytes, Waiting] = {}
        self.scored = (b"", 0)  # the last turn's call, and how many of its uses have been scored


def judge(at: Moment, memory: Memory[Loop]) -> Claim | None:
    """A key's score of 4, and loop dollars worth it (DETECTION 3.2, D7)."""
    session, loop = at.session, memory.now
    if not session.uses_tools:
        return None
    hot = take(session, loop, at.spend, at.moved)
    if hot is None or loop.tracks[hot].score < _IN_CIRCLE:
        return None
    track = _circle(loop, hot, session.turns)
    if track.score < _LIMIT:
        return None
    turns = _turns(session, loop)
    spent = sum(map(session.books.cost, turns))
    each = spent / max(1, len(turns))
    worth = spent > max(2 * at.settings.floor // 5, at.peers.median() // 10)
    if not worth and track.fails >= _LISTED:
        worth = projected(at, spent, each) is not None
    if not worth and track.fails < _LISTED:
        return None
    return Claim(
        statistic=track.score,
        limit=_LIMIT,
        excess=spent,
        projected=spent + int(each * at.peers.residual(session.turns)),
        words=lambda: (
            f"turns {turns[0]}-{turns[-1]} {_did(hot, track)},"
            f" ${dollars(spent)} of ${dollars(session.cost)}"
        ),
        since=turns[0],
        evidence=(("tool", hot[0]), ("tool_key", hot[1]), ("repeats", len(turns))),
        worth=worth,
    )


def _circle(loop: Loop, hot: tuple[str, str], turn: int) -> Track:
    """The track of a key; of a circle of calls that all fail alike, all of theirs as one.

    Four fifths of their scores: that several fail is likelier to be work than that one does.
    """
    track = loop.tracks[hot]
    if not (track.error and hot[1] and track.score >= _IN_CIRCLE):
        return track
    tracks = [
        each
        for key, each in loop.tracks.items()
        if key[1] and each.error and each.score >= _IN_CIRCLE and turn - each.turn <= _NEAR
    ]
    score = _SHARED * sum(each.score for each in tracks)
    if score <= track.score:
        return track
    turns = tuple(sorted({nth for each in tracks for nth in each.turns}))
    return track._replace(score=score, turns=turns, fails=sum(each.fails for each in tracks))


def _did(key: tuple[str, str], track: Track) -> str:
    tool, arguments = key
    if not arguments:
        return f"tried {tool} {track.fails} times in other words and failed alike"
    same = f"{track.fails} failures" if track.fails else "the same answer"
    return f"repeated {tool} {len(track.turns)} times ({same})"


def repeats(spends: Iterable[Spend]) -> frozenset[bytes]:
    """The keys of the calls of one session that only repeated earlier ones, its calls in order.

    Those that the detector books as retries; for `analysis.ledger.session`.
    """
    session: RunningSession | None = None
    loop, keys = Loop(), dict[int, bytes]()
    for spend in spends:
        session = session or RunningSession(spend)
        moved = book(session, spend)
        if moved == TURN:
            keys[session.turns] = spend.call.key
        take(session, loop, spend, moved)
    return (
        frozenset(keys[turn] for turn in session.books.retries if turn in keys)
        if session
        else frozenset()
    )


def take(session: RunningSession, loop: Loop, spend: Spend, moved: Moved) -> tuple[str, str] | None:
    """Score the uses whose outcome has become known; the key with the highest score of them."""
    key, tools = spend.call.key, spend.call.tools
    open_ = None in map(_outcome, tools)
    if moved == TURN and not (open_ or loop.pending):  # as nearly always in history
        loop.scored = (key, len(tools))
        return _hottest(session, loop, tools, session.turns, _growth(session))
    hot: tuple[str, str] | None = None
    if moved == TURN:
        hot = _overdue(session, loop)
        loop.scored = (key, 0)
    if moved in (TURN, SAME):
        _wait(session, loop, spend)
    waiting = loop.pending.get(key)
    if waiting is None or open_:
        return hot
    del loop.pending[key]
    if loop.scored[0] == key:
        loop.scored = (key, len(tools))
    return _hottest(session, loop, tools[waiting.first :], waiting.turn, waiting.growth, hot)


def _wait(session: RunningSession, loop: Loop, spend: Spend) -> None:
    """The last turn's uses wait for their outcomes; some come with a later piece of its reply."""
    key, tools = spend.call.key, spend.call.tools
    first = loop.scored[1] if loop.scored[0] == key else 0
    if len(tools) > first:
        loop.pending[key] = Waiting(session.turns, _growth(session), first, tools[first:])


def _overdue(session: RunningSession, loop: Loop) -> tuple[str, str] | None:
    """Outcomes that never came count as no error and no result."""
    hot: tuple[str, str] | None = None
    for key, (turn, growth, _, uses) in list(loop.pending.items()):
        if turn < session.turns - _WAITS:
            del loop.pending[key]
            hot = _hottest(session, loop, uses, turn, growth, hot)
    return hot


def _hottest(
    session: RunningSession,
    loop: Loop,
    uses: Iterable[ToolUse],
    turn: int,
    growth: int,
    hot: tuple[str, str] | None = None,
) -> tuple[str, str] | None:
    """Score the uses of one turn; of their keys and the one before, the one with most score."""
    for use in uses:
        key = _score(session, loop, use, turn, growth)
        hot = key if hot is None else _hotter(loop, hot, key)
    return hot


def _hotter(loop: Loop, one: tuple[str, str], two: tuple[str, str]) -> tuple[str, str]:
    """The one with the higher score; the first may be over by what the second has brought."""
    known = loop.tracks.get(one)
    return two if known is None or loop.tracks[two].score >= known.score else one


def _score(
    session: RunningSession, loop: Loop, use: ToolUse, turn: int, growth: int
) -> tuple[str, str]:
    """Move the tracks of the use on by its outcome, which is known; the hotter one's key."""
    name, arguments, error, result, *_ = use
    key, tool = (name, arguments), (name, "")
    gain, track = 0.0, _near(loop, key, turn)
    if track is not None:
        gain = _gain(track, use, growth)
        if not error and turn - track.turn > _WAITING:
            gain /= 3  # looked at again now and then: nobody waits for it
    seen = tuple.__new__(Track, (0.0, turn, bool(error), result, growth, (), int(bool(error))))
    _move(session, loop, key, track, gain, seen)
    if error:
        failed = _near(loop, tool, turn)
        alike = 0.0 if failed is None else _alike(failed, use)
        _move(session, loop, tool, failed, alike, seen)
        key = _hotter(loop, tool, key)
    elif gain <= 0:  # it brought something new
        loop.tracks.pop(tool, None)
        if name.lower() in EDITS:
            loop.edited = turn
    if len(loop.tracks) > 256:
        _prune(loop, turn)
    return key


def _near(loop: Loop, key: tuple[str, str], turn: int) -> Track | None:
    track = loop.tracks.get(key)
    return None if track is None or turn - track.turn > _NEAR else track


def _move(
    session: RunningSession,
    loop: Loop,
    key: tuple[str, str],
    track: Track | None,
    gain: float,
    seen: Track,
) -> None:
    """Add a use to its key's track, or begin another; a suspect's turns are retries."""
    if track is None or gain <= 0:
        loop.tracks[key] = seen
        return
    turn = seen.turn
    if track.turn <= loop.edited <= turn and track.turn < turn:
        gain /= 2
    score = track.score + gain
    turns = track.turns if turn == track.turn else (*track.turns[-40:], turn)
    _, _, error, result, growth, _, fails = seen
    moved = (score, turn, error, result, growth, turns, track.fails + fails)
    loop.tracks[key] = tuple.__new__(Track, moved)
    if score >= _SUSPECT:
        for each in turns if track.score < _SUSPECT else (turn,):
            session.books.retry(each)


def _alike(track: Track, use: ToolUse) -> float:
    """What another failure of the same tool adds, by how much it is the same failure."""
    kind = _kind(use.result)
    if not kind:
        return _NO_KIND
    return _SAME_KIND if kind == _kind(track.result) else _OTHER_KIND


def _kind(result: str | None) -> str:
    """The kind of a failure; what a program of the user's own says of it is its kind."""
    told, mark, kind = (result or "").partition(_KIND)
    return kind if mark else told


def _gain(track: Track, use: ToolUse, growth: int) -> float:
    """What a repeat adds; 0 when it is a new success, which ends the run."""
    if use.error:
        return _SAME_ERROR if track.error and track.result == use.result else _OTHER_ERROR
    if use.result == track.result and not track.error:
        return _SAME_RESULT
    if track.error:
        return 0.0
    # Another success, but of the same size: a clock in the answer, not news.
    return _SAME_SIZE if abs(growth - track.growth) <= max(8, 0.03 * track.growth) else 0.0


def _turns(session: RunningSession, loop: Loop) -> list[int]:
    """The repeated turns of all keys that are hot now."""
    turns: set[int] = set()
    for track in loop.tracks.values():
        if track.score >= _SUSPECT and session.turns - track.turn <= _NEAR:
            turns.update(track.turns)
    return sorted(turns) or [session.turns]


def _growth(session: RunningSession) -> int:
    step = session.step
    return step.growth if step is not None and step.growth is not None else -1


def _prune(loop: Loop, turn: int) -> None:
    loop.tracks = {key: track for key, track in loop.tracks.items() if turn - track.turn <= _NEAR}
