"""Nouns beside those of `model`, which is full: immutable values, no I/O, no clock."""
