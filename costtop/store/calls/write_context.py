"""What every write of calls goes by: caches of one database, and what the config decides."""

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from itertools import compress
from struct import unpack

from costtop.columnar.call_columns import CallKind
from costtop.model import Context
from costtop.store.calls.call_row import CallIds
from costtop.store.calls.old_keys import OldKeys
from costtop.store.calls.otlp_twins import Heard
from costtop.store.calls.told_contexts import ToldContexts
from costtop.store.forgetting.tombstones import Forgotten
from costtop.store.names import Names
from costtop.store.places import Places
from costtop.store.sessions.accounts import Accounts
from costtop.store.sessions.owners import Owners
from costtop.store.sessions.sessions import Sessions

Counts = Callable[[int | None, int | None], int | None]
"""(computed, reported) -> what counts, by the config."""
FeatureOf = Callable[[Context, str, str], str]
"""The feature of a call by the config's rules: (context but its task, source, model) -> name."""

_REMEMBERED = 1_000  # kinds of call whose ids are kept: a session has one or two
_PLACES = 1 << 22  # 4 MiB: of the millionth key one in five is looked up for nothing


def computed_first(computed: int | None, reported: int | None) -> int | None:
    """What counts where the config says nothing: the computed cost, else the reported one."""
    return reported if computed is None else computed


class FilledHere:
    """Which keys a store may hold that this process has filled from its beginning: a filter.

    In a first import nearly every call is new, and to look each up costs more than to write it.
    Where the store began empty and only this process wrote to it, a key that the filter lacks is in
    no row; for any other store, and for what the filter has, the table is asked. It runs no SQL.
    """

    def __init__(self) -> None:
        self._taken: bytearray | None = None  # 1 in the place of each key, which others may share
        self._last = -1  # the last row after the latest batch; another one is somebody else's

    def forget(self) -> None:
        """After a rollback: what is stored is not known any more, but of an empty table."""
        self.__init__()  # type: ignore[misc]

    def maybe(self, keys: list[bytes], last: int) -> list[bytes]:
        """Those of the keys that may be stored, in a table whose last row is `last`, 0 for none.

        All of them are from now on: they are to be written.
        """
        if last == 0:
            self._taken = bytearray(_PLACES)
        elif last != self._last:
            self._taken = None
        taken = self._taken
        if taken is None:
            return keys
        halves = unpack(f">{len(keys)}Q", b"".join([key[:8] for key in keys]))
        places = [half % _PLACES for half in halves]
        found = [taken[place] for place in places]
        for place in places:
            taken[place] = 1
        return list(compress(keys, found)) if any(found) else []

    def written(self, last: int) -> None:
        """The keys asked for last are in the table now, whose last row is `last`."""
        self._last = last


class WriteContext:
    """The write side of the store: caches of one database, and what the config decides."""

    def __init__(
        self,
        feature_of: FeatureOf,
        counts: Counts = computed_first,
        labels: frozenset[str] = frozenset(),
    ) -> None:
        self.names = Names()
        self.sessions = Sessions(self.names)
        self.owners = Owners(self.names, self.sessions)
        self.places = Places()
        self.heard = Heard()
        self.told = ToldContexts()
        self.forgotten = Forgotten()
        self.old_keys = OldKeys()
        self.filled_here = FilledHere()
        self.feature_of: FeatureOf = lru_cache(maxsize=_REMEMBERED)(feature_of)
        self.counts = counts
        self.labels = labels  # the names of the config's [[source]] entries
        self.accounts = Accounts()  # those that plans are of
        self.completed_by = "answer"  # by what tasks are, as the config says
        self.runs: dict[str, Callable[[Context], Context]] = {}  # tags of sessions in a run
        self._ids: dict[CallKind, CallIds] = {}
        self._adopted = 0  # of the sessions, as the ids above were found

    def forget(self) -> None:
        """Empties every cache; to be called when a transaction was rolled back."""
        self.names.forget()
        self.sessions.forget()
        self.owners.forget()
        self.places.forget()
        self.heard.forget()
        self.told.forget()
        self.forgotten.forget()
        self.old_keys.forget()
        self.filled_here.forget()
        self._forget_ids()

    def _forget_ids(self) -> None:
        self._ids.clear()

    def feature(
        self, db: sqlite3.Connection, session: int, context: Context, source: str, model: str
    ) -> str:
        """The feature of a session row's call: its tag, a rule of the config, else where it is."""
        return self.feature_of(self.owners.as_ruled(db, session, context), source, model)

    def new_owners(self) -> None:
        """Known sessions have another owner, after whom rules may ask."""
        self._forget_ids()

    def ids(self, db: sqlite3.Connection, kind: CallKind) -> CallIds:
        """The ids of such a call's texts, remembered until a session gets another root."""
        if self._adopted != self.sessions.adopted or len(self._ids) >= _REMEMBERED:
            self._forget_ids()
        found = self._ids.get(kind) or self._look_up(db, kind)
        self._adopted = self.sessions.adopted
        self._ids[kind] = found
        return found

    def _look_up(self, db: sqlite3.Connection, kind: CallKind) -> CallIds:
        session, names = self.sessions.ref(db, kind.source, kind.session, kind.agent), self.names
        feature = self.feature(db, session.id, kind.context, kind.source, kind.model)
        return CallIds(
            session.id,
            names.context(db, kind.context),
            names.name(db, feature),
            names.name(db, kind.model),
            names.name(db, kind.provider) if kind.provider else 0,
            names.name(db, told) if (told := variant(kind)) else 0,
            session.root_key,
            feature,
            self.owners.shown(db, session.id)[0],
        )


def variant(call: CallKind) -> str:
    """Tier, speed and geography in one name; "" for a standard request."""
    text = f"{call.tier}|{call.speed}|{call.geo}"
    return "" if text == "||" else text
