"""What runs in a measured process: import what is heavy, note the time, then do what `paidmedia` does with these words.

    python -m benchmarks.program MARKS '[["load", "surfside", …], ["build"]]'

It is the very command; only its imports come first, so that start-up and work can be told apart. MARKS is a file that
gets the Unix time at which the work began.
"""

import gc
import importlib
import json
import sys
import time
from pathlib import Path

from orchestration import cli
from orchestration.definitions import defs

# What a command imports sooner or later, beside what the code location itself needs.
LOADS = ("dlt", "great_expectations", "great_expectations.expectations", "pyarrow")
HEAVY = {"load": (*LOADS, "boto3", "httpx"), "upload": LOADS}


def main() -> int:
    """The exit code of the first command that fails, or 0."""
    marks, commands = Path(sys.argv[1]), json.loads(sys.argv[2])
    for module in {module for words in commands for module in HEAVY.get(words[0], ())}:
        importlib.import_module(module)
    defs()
    marks.write_text(str(time.time()))
    for words in commands:
        sys.argv = ["paidmedia", *words]
        try:
            cli.main()
        except SystemExit as ended:
            if ended.code:
                return int(ended.code)
        gc.unfreeze()  # the command thought that it was the last
    return 0


if __name__ == "__main__":
    sys.exit(main())
