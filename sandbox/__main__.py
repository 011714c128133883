"""`python -m sandbox serve` and `python -m sandbox exec -- COMMAND`: see `serve.py` and `exec.py`."""

import argparse
import sys
from datetime import date
from pathlib import Path

from sandbox.exec import run
from sandbox.serve import serve


def main() -> int:
    """Read the arguments and do what they say. Returns an exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for the outside world.")
    commands = parser.add_subparsers(dest="verb", required=True)
    serving = commands.add_parser("serve", help="serve S3 and the Vibe API until Ctrl-C")
    serving.add_argument("--seed", type=int, default=7)
    serving.add_argument("--clients", type=int, default=3)
    serving.add_argument("--days", type=int, default=60)
    serving.add_argument("--last-day", type=date.fromisoformat, default=None, help="default: yesterday, UTC")
    serving.add_argument("--exports", type=Path, default=None, help="write the Facebook exports into this folder")
    beside = commands.add_parser("exec", help="run a command beside the world that `make run` made, if it did")
    beside.add_argument("command", nargs="+")
    chosen = parser.parse_args()
    if chosen.verb == "exec":
        try:
            return run(chosen.command)
        except KeyboardInterrupt:  # the stand-ins were still starting
            return 130
    serve(chosen.seed, chosen.clients, chosen.days, chosen.last_day, chosen.exports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
