"""How the lines are shown."""

import json
import sys
from collections.abc import Sequence

from orchestration.doctor.lines import Line
from warehouse.cli.console import console, say

MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "bad": ("BAD", "bold red")}


def show(lines: Sequence[Line], *, as_json: bool) -> bool:
    """Show the lines; whether one of them is bad."""
    is_bad = any(line.level == "bad" for line in lines)
    if as_json:
        sys.stdout.write(json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=1) + "\n")
        return is_bad
    from rich.text import Text

    for line in lines:
        word, style = MARKS[line.level]
        console().print(Text(f"{word:<8}", style=style), Text(f"{line.part}: {line.what}"), soft_wrap=True)
        if line.fix:
            say(f"         → {line.fix}")
    counted = {level: sum(line.level == level for line in lines) for level in MARKS}
    say(f"{counted['bad']} bad, {counted['warning']} warnings, {counted['ok']} ok")
    return is_bad
