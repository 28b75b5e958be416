"""Counts what can be counted of a tree of costtop. The house test asks the same counts."""
