"""The command `costtop`. It does not know the commands; `costtop.cli` does.

Hooks and status lines are answered before anything else is imported: an agent waits for them.
"""

import sys


def main() -> int:
    """Run one command; returns its exit code."""
    match sys.argv[1:]:
        case [_, *words] if "--help" in words or "-h" in words:
            pass
        case ["gate", *_]:
            from costtop.hooks.gate import main as quick

            return _end(quick(sys.argv[2:]))
        case ["statusline", *_]:
            from costtop.hooks.statusline import main as line

            return _end(line(sys.argv[2:]))
        case ["line", *_]:
            from costtop.hooks.status_bars import main as bar

            if (code := bar(sys.argv[2:])) is not None:
                return _end(code)
    import gc

    gc.set_threshold(100_000, 20, 20)  # nearly all stays that is loaded, and read for one answer
    from costtop.cli.main import main as run

    code = run(sys.argv[1:])
    # To take apart all that was loaded takes as long as a third of loading it. A scan's threads
    # have ended by then.
    is_over = "threading" not in sys.modules or sys.argv[1:2] == ["scan"]
    return _end(code) if is_over else code


def _end(code: int) -> int:
    """Leaves at once: nothing is open that an orderly end would have to close."""
    import os

    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
