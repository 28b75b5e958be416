"""Asks of the tests of the heart whether they notice one wrong comparison or constant."""
