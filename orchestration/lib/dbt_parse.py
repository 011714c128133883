"""What dbt has parsed of the project, for a database that it was not parsed for.

    partial_parse.msgpack beside the manifest → the database's name in it → partial_parse.msgpack of the build's folder

dbt parses the project anew, 12 s of processor, wherever host, port, user or database are others than before. All that a
parse holds of them is the name of the database, and a checksum by which dbt knows for which connection it was. Where
there is no parse to carry over, or dbt does not know it again, dbt parses anew: slower, and as right.
"""

import hashlib
import pprint
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack

from orchestration.lib.dbt_files import manifest

NAME = "partial_parse.msgpack"


def carry_over(target: Path, environment: Mapping[str, str], source: Path | None = None) -> bool:
    """Put the project's parse into `target`, for the database of the `PG*` variables; says whether it did.

    One that is there for that database already stays: dbt reads anew what has changed since. `source` is the parse to
    carry over, that beside the project's manifest if none is given.
    """
    checksum = connection_checksum(environment)
    there = target / NAME
    with suppress(OSError, ValueError, KeyError):  # none yet, or torn
        if _parsed(there)["state_check"]["profile_hash"]["checksum"] == checksum:
            return False
    try:
        parsed = _parsed(source or manifest().with_name(NAME))
        parsed["state_check"]["profile_hash"]["checksum"] = checksum
        _belongs_to(parsed, environment["PGDATABASE"])
    except (OSError, ValueError, KeyError):
        return False
    target.mkdir(parents=True, exist_ok=True)
    waiting = there.with_suffix(".new")
    waiting.write_bytes(msgpack.packb(parsed))
    waiting.replace(there)
    return True


def _belongs_to(parsed: dict[str, Any], database: str) -> None:
    """Name the database where dbt has written down the one that it parsed for."""
    for node in (*parsed["nodes"].values(), *parsed["sources"].values()):
        before, relation = node["database"], node["relation_name"]
        node["database"] = database
        node["relation_name"] = relation and relation.replace(f'"{before}"', f'"{database}"', 1)


def connection_checksum(environment: Mapping[str, str]) -> str:
    """By which dbt knows a connection again: of what `dbt debug` shows of it (dbt's `build_manifest_state_check`)."""
    connection = {
        "host": environment["PGHOST"],
        "port": int(environment["PGPORT"]),
        "user": environment["PGUSER"],
        "database": environment["PGDATABASE"],
        "schema": "marts",
        "application_name": "dbt",
        "autocommit": False,
        "connect_timeout": 10,
        "keepalives_idle": 0,
        "retries": 1,
        **dict.fromkeys(("role", "search_path", "sslmode", "sslcert", "sslkey", "sslrootcert")),
    }
    return hashlib.sha256(pprint.pformat(sorted(connection.items())).encode()).hexdigest()


def _parsed(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = msgpack.unpackb(path.read_bytes(), strict_map_key=False)
    return content
