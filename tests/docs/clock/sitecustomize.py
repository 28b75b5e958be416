"""The clock of the examples on the pages: in every Python that a page starts it stands still.

Python loads this file by itself where its folder is on PYTHONPATH. DOCS_CLOCK is the moment, in ms
UTC; without it nothing is changed. Clocks that only run forward are left alone.
"""

import os
import time

if "DOCS_CLOCK" in os.environ:
    _NS = int(os.environ["DOCS_CLOCK"]) * 1_000_000
    _gmtime, _localtime = time.gmtime, time.localtime
    time.time_ns = lambda: _NS
    time.time = lambda: _NS / 1e9
    # Static, for `logging` keeps one of them as an attribute of a class.
    time.gmtime = staticmethod(lambda at=None: _gmtime(_NS / 1e9 if at is None else at))
    time.localtime = staticmethod(lambda at=None: _localtime(_NS / 1e9 if at is None else at))
