"""What agents' settings call: `python -I -S …/by_path.py gate --agent NAME`.

Run by path it starts without `site` and without what an installer's launcher imports: a third of
the time of a hook. costtop itself is found beside this file.
"""

import os
import sys

if __name__ == "__main__":
    sys.path.append(
        __file__.rpartition("/costtop/hooks/")[0]
    )  # last: nothing hides what is Python's
    from costtop.hooks.gate import main

    os._exit(main(sys.argv[2:]))
