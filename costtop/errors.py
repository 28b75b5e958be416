"""Every error a user can meet, drawn as one tree. It words them; it does not print them.

    CosttopError                 exit 1: refused or failed
    ├── Refused                  exit 1: a process that must not, or cannot safely, be signalled
    ├── UsageError               exit 2: wrong usage
    ├── NothingFound             exit 3: no such session, no data
    ├── FleetError               exit 1: the fleet's server is away, or refused
    └── Unusable                 exit 78: configuration or database unusable
        ├── ConfigError
        └── StoreError
            ├── NothingStored    exit 3: there is no database yet
            └── OlderStore       of an older costtop, or another file in its place

Each says what happened, where, and what to do, in one line.
"""


class CosttopError(Exception):
    """Refused or failed; the message is one line that a user can act on."""

    exit_code = 1


class Refused(CosttopError):
    """A deed on a process was refused; the message gives the reason and what to do instead."""


class UsageError(CosttopError):
    """The command was not understood."""

    exit_code = 2


class NothingFound(CosttopError):
    """What was asked for does not exist."""

    exit_code = 3


class FleetError(CosttopError):
    """The fleet's server cannot be used; never shows its address, which may hold a password."""


class Unusable(CosttopError):
    """costtop cannot work with what it was given."""

    exit_code = 78


class ConfigError(Unusable):
    """The configuration is wrong: names the file, the key and the remedy."""


class StoreError(Unusable):
    """The database cannot be used: names the file and the remedy."""


class NothingStored(StoreError):
    """There is no database yet: nothing was read. Says how to read."""

    exit_code = 3


class OlderStore(StoreError):
    """What stands there was not migrated: under a daemon, which migrates, somebody put it there."""
