"""Tries every way of docs/install.md with the real installers, in throw-away folders."""
