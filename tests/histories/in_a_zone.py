"""A small history by the product's own commands, in one process whose time zone is TZ.

    python -m tests.histories.in_a_zone FOLDER

client → Surfside's file → two Facebook exports, seconds apart → build
"""

import sys
from pathlib import Path

from orchestration import cli
from tests.histories.zones import CLIENT, EXPORTS, FILE_DAY


def main(folder: Path) -> None:
    """Type one command after the other. `folder` holds the exports by name."""
    day = FILE_DAY.isoformat()
    client = ("--cpm", "12.5", "--currency", "USD", "--from", "2020-01-01", "--surfside-prefix", CLIENT)
    commands: list[tuple[str, ...]] = [
        ("db", "migrate"),
        ("client", "add", CLIENT, "--name", "Acme", *client, "--set", "surfside.campaign=Always On"),
        ("cpm", "set", CLIENT, "20", "--from", "2024-02-29"),
        ("load", "surfside", "--from", day, "--to", day, "--no-build"),
        *(
            ("upload", str(folder / name), "--client", CLIENT, "--as-of", as_of, "--no-build")
            for name, (as_of, _) in EXPORTS.items()
        ),
        ("build",),
    ]
    for words in commands:
        sys.argv = ["paidmedia", *words]
        cli.app(list(words), standalone_mode=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
