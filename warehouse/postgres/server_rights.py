"""What only the administrator of a Postgres server can give the product: connections of its own, and rights.

The embedded server has them from every start on, that of docker-compose.yml by its arguments and deploy/first-start.sh.
Elsewhere `paidmedia doctor` names those that are missing. Add here what the owner of the database cannot do itself.
"""

from collections.abc import Sequence

# The app's two pools of ten, the four runs at once with eight each (a build: four threads of dbt and its own, our
# engine's, the loader's), and eight for commands and metrics.
WAREHOUSE_NEEDS = 2 * 10 + 4 * 8 + 8
DAGSTER_NEEDS = 20  # three services and four runs, each with up to three, where its storage is on the same server

RESERVE_ROLE = "pg_use_reserved_connections"  # of PostgreSQL 16 and newer

TEMP_FILES = "1GB"  # of one process of the server: a month of the largest client is sorted in half of it
# What no login may set, where the owner may set it for them: settings of superusers, to set which is a right that the
# owner gets. The server's log has nothing of theirs but the end of a connection: statements and errors of megabytes
# would fill its disk.
OF_LOGINS = {"temp_file_limit": TEMP_FILES, "log_min_messages": "fatal", "log_min_error_statement": "panic"}
LIMIT_LOGINS = f"grant set on parameter {', '.join(OF_LOGINS)} to {{owner}}"
# The owner passes it on to the app's role, whose name only the migrations know.
USE_RESERVE = f"grant {RESERVE_ROLE} to {{owner}} with admin option"
DAGSTER_USES_RESERVE = f"grant {RESERVE_ROLE} to {{role}}"  # where its storage is on the same server
RESERVE = "alter system set reserved_connections = {connections}"  # from the server's next start on

DATABASES_OF_THE_SERVER = ("postgres", "template1")


def close_databases(names: Sequence[str] = DATABASES_OF_THE_SERVER) -> str:
    """What keeps logins out of databases that they have no business in: there they could do all that is closed here.

    One in template1 keeps new databases from being made, besides.
    """
    return f"revoke connect on database {', '.join(names)} from public"
