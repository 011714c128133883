"""Which planted faults the tests notice.

    python -m tests.mutants [NAME …] [--marker EXPR] [--part quick|rest] [--whole] [--list]

First the same tests run without a fault. Exits 1 unless every fault is caught, and nothing fails without one.
"""

import argparse
import signal
import sys

from rich.console import Console
from rich.table import Table

from tests.mutants import run
from tests.mutants.faults import FAULTS
from tests.sizes import PARTS


def main() -> int:
    """Run, tell each as it is known, and show the table."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # copies and processes go, as with Ctrl-C
    asked = arguments()
    known = {fault.name: fault for fault in FAULTS}
    faults = [known[name] for name in asked.names] or FAULTS
    if asked.list:
        for fault in faults:
            print(f"{fault.name}: {fault.path}\n    {fault.breaks}")
        return 0
    with run.checkout() as files:
        options = [*(["-m", asked.marker] if asked.marker else []), *(["--part", asked.part] if asked.part else [])]
        control = run.control(faults, files, options)
        tell(control)
        if control.outcome != "survived":
            print(control.said, "\nThe tests fail without a fault: mend them first.", file=sys.stderr)
            return 1
        verdicts = []
        for fault in faults:
            verdicts.append(run.examine(fault, files, options, whole=asked.whole, minutes=asked.minutes))
            tell(verdicts[-1])
    caught = sum(each.outcome == "caught" for each in verdicts)
    show(f"{caught} of {len(verdicts)} faults are caught", verdicts)
    return 0 if caught == len(verdicts) else 1


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Which planted faults tests notice.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults; all where none is named")
    parser.add_argument("--marker", metavar="EXPR", help="only tests with these marks, as pytest's -m")
    parser.add_argument("--part", choices=PARTS, help="only that part of the suite: what `make test` runs is quick")
    parser.add_argument("--whole", action="store_true", help="the whole suite for what the tests of the room miss")
    parser.add_argument("--minutes", type=float, default=run.MINUTES, help="for one fault in its room (%(default)g)")
    parser.add_argument("--list", action="store_true", help="say what there is and run nothing")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {fault.name for fault in FAULTS}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; see --list")
    return asked


def tell(verdict: run.Verdict) -> None:
    """One line, as soon as it is known."""
    word = verdict.outcome if verdict.outcome == "caught" else verdict.outcome.upper()
    print(f"{verdict.name}: {word} {verdict.by} ({verdict.seconds:.0f} s)", flush=True)


def show(title: str, verdicts: list[run.Verdict]) -> None:
    """All of it."""
    table = Table(title=title, title_justify="left")
    for heading in ("fault", "outcome", "by"):
        table.add_column(heading, overflow="fold")
    table.add_column("seconds", justify="right")
    for each in verdicts:
        table.add_row(each.name, each.outcome, each.by, f"{each.seconds:.0f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
