"""costtop for Python programs: the public client. It loads nothing heavy and prints nothing."""

__version__ = "0.1.0"
