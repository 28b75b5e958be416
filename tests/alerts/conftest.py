"""Lends the endpoints of tests/notify."""

from tests.notify.conftest import inbox, inboxes

__all__ = ["inbox", "inboxes"]
