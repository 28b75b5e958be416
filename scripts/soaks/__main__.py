"""`scripts/soak`: everything at once for ten minutes, and whether costtop kept what it promises.

Twenty writers of real log formats with rotation, calls over the socket, the Python client and OTLP,
nonsense on the socket, two screens and commands that look; meanwhile the daemon and its senders are
killed, the disk fills and frees, the clock is stepped and an endpoint fails in every way. All of it
happens in a throw-away home; only processes that it started are ended.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from . import disks

_SPECIAL = shutil.ignore_patterns("*.sock", "ballast")


def main() -> int:
    """Exit code 0 where everything was kept, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--keep", action="store_true", help="keep a copy of the home")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 in seven modes instead")
    parser.add_argument("--power-cuts", type=int, default=0, help="as root: these instead")
    parser.add_argument("--fleet", type=int, default=0, help="so many machines on a PostgreSQL")
    parser.add_argument("--calls", type=int, default=20_000, help="with --fleet: of each machine")
    parser.add_argument("--cuts", type=int, default=30, help="with --fleet: of its wires")
    options = parser.parse_args()
    if options.fleet:
        from .fleet_party import Wanted, soak

        wanted = Wanted(options.minutes, options.calls, options.kills or 60, options.cuts)
        return 0 if soak(options.fleet, options.seed, wanted, keep=options.keep) else 1
    if "SOAK_MOUNTS" not in os.environ:
        own = disks.namespace()
        os.environ["SOAK_MOUNTS"] = "own" if own else "none"
        again = [sys.executable, "-P", "-m", "soaks", f"--minutes={options.minutes}",
                 f"--seed={options.seed}", f"--kills={options.kills}",
                 f"--power-cuts={options.power_cuts}",
                 *(["--keep"] if options.keep else [])]  # fmt: skip
        command = [*own, *again]
        os.execvp(command[0], command)  # noqa: S606 - itself, with mounts of its own
    if options.kills:
        from .killing import kill

        return 0 if kill(options.kills, options.seed) else 1
    if options.power_cuts:
        from .power import cut

        return 0 if cut(options.power_cuts, options.seed) else 1
    return _soak(options.seed, options.minutes, keep=options.keep)


def _soak(seed: int, minutes: float, *, keep: bool) -> int:
    from .party import Party, told

    print(f"soak: seed {seed}, {minutes:g} minutes, Python {sys.version.split()[0]}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="costtop-soak-"))
    party = Party(folder, seed, minutes)
    try:
        clock = "stepped" if party.clock else "not stepped, no C compiler"
        print(f"disk: {party.disk.said}; clock: {clock}", flush=True)
        findings = party.run()
        print(f"done: {told(party)}")
        print("\n".join(map(str, findings)))
        broken = sum(not one.kept for one in findings)
        print(f"soak: seed {seed}: {'all kept' if not broken else f'{broken} BROKEN'}", flush=True)
        return 1 if broken else 0
    finally:
        if keep:  # a disk of its own ends with this process
            shutil.copytree(folder, kept := f"{folder}-kept", ignore=_SPECIAL)
            print(f"kept: {kept}")
        party.home.disk.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads that still wait for somebody do not hold the report up
