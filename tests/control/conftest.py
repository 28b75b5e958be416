"""The whole instance of the end-to-end tests, for what is said over its socket."""

from tests.e2e.conftest import house

__all__ = ["house"]
