"""What everybody who is connected may call, and what is taken from everybody because it does harm.

`public_functions.csv` has a verdict on every function that PUBLIC may execute on a fresh server, by name or by pattern;
the first line that fits counts. `harmless`: it does nothing to others and tells nothing of them. `default`: a login can
do it, and the reason says why that is borne. `revoked`: nobody but the owner of the database may call it.

Built-in functions belong to the server's superuser, so only a superuser can take them away: on the embedded server
`paidmedia db migrate` does it; `deploy/close-to-public.sql` is the same for any other, and `doctor` prints it.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.postgres import roles, server_rights

TABLE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Verdict:
    """One line of the table; `functions` is a name, a pattern with `*`, or a `{kind}` that the test of it explains."""

    functions: str
    verdict: str
    reason: str


@cache
def verdicts() -> tuple[Verdict, ...]:
    """The table, in its order."""
    with TABLE.open(newline="") as file:
        return tuple(Verdict(**line) for line in csv.DictReader(file))


def statement() -> str:
    """What a superuser runs in the warehouse's database; safe to repeat, on every version of the server."""
    return _REVOKE.format(patterns=",\n                ".join(f"'{pattern}'" for pattern in _patterns()))


def script() -> str:
    """All that a superuser runs once, as a file for psql: `deploy/close-to-public.sql`."""
    head = "-- Written by `python -m warehouse.postgres.public_functions`. For a superuser in the warehouse's database."
    return f"{head}\n{statement()};\n{server_rights.close_databases()};\n"


def executable(current: Session) -> list[str]:
    """What does harm and a reader of the marts may call, such as `pg_notify(text,text)`."""
    url = current.connection().engine.url
    readers = [roles.app_role(url), roles.readers_role(url), roles.agency_role(url)]
    return list(current.scalars(text(_EXECUTABLE), {"patterns": list(_patterns()), "readers": readers}))


def _patterns() -> tuple[str, ...]:
    """The names of what is revoked, as SQL's `like` has them."""
    found = (each.functions for each in verdicts() if each.verdict == "revoked")
    return tuple(name.replace("_", r"\_").replace("*", "%") for name in found)


# Who may write blocks of plpgsql computes, and writes to the server's log, without end and in one statement.
# The owner keeps what everybody could call (`pg_dump --jobs` exports snapshots), and is given nothing that only
# superusers may call: `lo_export` writes files of the server.
_REVOKE = """do $$
declare
    harmful regprocedure;
begin
    for harmful in
        select pg_proc.oid
        from pg_proc cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as rights
        where
            pronamespace = 'pg_catalog'::regnamespace
            and rights.grantee = 0
            and proname like any (array[
                {patterns}
            ])
    loop
        execute format('grant execute on function %s to pg_database_owner', harmful);
        execute format('revoke execute on function %s from public', harmful);
    end loop;
    grant usage on language plpgsql to pg_database_owner;
    revoke usage on language plpgsql from public;
end $$"""

# Whoever the readers are, what PUBLIC may do they may do; a right of one's own is found by the role.
_EXECUTABLE = """
    select distinct functions.oid::regprocedure::text
    from pg_proc as functions
    cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as rights
    left join pg_roles on pg_roles.oid = rights.grantee
    where
        pronamespace = 'pg_catalog'::regnamespace
        and proname like any (cast(:patterns as text[]))
        and rights.privilege_type = 'EXECUTE'
        and (
            rights.grantee = 0
            or rolname in (select login from access.bi_logins)
            or rolname = any (cast(:readers as text[]))
        )
    union
    select 'language plpgsql'
    from pg_language cross join lateral aclexplode(coalesce(lanacl, acldefault('l', lanowner))) as rights
    where lanname = 'plpgsql' and rights.grantee = 0
    order by 1
"""

if __name__ == "__main__":
    import sys

    sys.stdout.write(script())
