"""`make sources`: write what dbt needs of each source. `--check` only says what differs, and fails then.

python -m orchestration.sources [--check]
"""

import sys

from loaders.registry import registry
from orchestration.lib import source_models
from warehouse.cli.console import complain, say
from warehouse.errors import PaidMediaError


def main() -> int:
    """Write or check; the exit code."""
    try:
        sources = registry().values()
        if "--check" in sys.argv[1:]:
            wanted, found = source_models.made(sources), source_models.there()
            differing = sorted(path for path in {*wanted, *found} if wanted.get(path) != found.get(path))
            for path in differing:
                complain(f"dbt_project/{path} is not what the sources say: make sources")
            return 1 if differing else 0
        changed = source_models.write(sources)
    except PaidMediaError as error:
        complain(str(error))
        return 1
    for path in changed:
        say(f"dbt_project/{path}")
    say(f"{len(changed)} files of {len(registry())} sources have changed." if changed else "Everything is as it was.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
