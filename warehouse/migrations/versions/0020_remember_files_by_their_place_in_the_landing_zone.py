"""Remember delivered files by their path in the landing zone, and archived months by theirs in the archive.

Until now the whole path was kept, so that a home that had moved no longer found them. The files stay where they are:
`<two digits>/<sha256>/<file name>` in the landing zone or in `UPLOAD_DIR`.
"""

from alembic import op
from sqlalchemy import Connection, text

from warehouse.settings import get_settings

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# A path in the landing zone, of the layout until now and of that by source, client and day. Others are left alone.
PATH = "([0-9a-f]{2}/[0-9a-f]{64}/[^/]+|[a-z][a-z0-9_]*/[a-z0-9][a-z0-9_-]*/[0-9-]{10}/[0-9a-f]{64}([.][a-z0-9]+)?)"


def upgrade() -> None:
    for table in _tables(op.get_bind()):
        _update(table, r"regexp_replace(landed_path, :pattern, '\1')", f"^/.*/{PATH}$")
    op.execute("update control.archived_months set file = substr(file, 9) where file like 'archive/%'")


def downgrade() -> None:
    """Whole paths again: those below where the settings have the landing zone now."""
    settings = get_settings()
    for table in _tables(op.get_bind()):
        is_upload = settings.upload_dir is not None and table == "control.uploaded_files"
        folder = str(settings.upload_dir) if is_upload else settings.landing
        _update(table, ":folder || '/' || landed_path", f"^{PATH}$", folder=folder)
    op.execute("update control.archived_months set file = 'archive/' || file where file like 'daily_metrics/%'")


def _update(table: str, value: str, pattern: str, **parameters: str) -> None:
    query = f"update {table} set landed_path = {value} where landed_path ~ :pattern"  # noqa: S608 – names of ours
    op.get_bind().execute(text(query), {"pattern": pattern, **parameters})


def _tables(connection: Connection) -> list[str]:
    """Those that name landed files: of uploads, and the ledger of each source that has one."""
    names = connection.scalars(text("select name from control.sources order by name"))
    ledgers = [f"raw_{name}.deliveries" for name in names]
    found = [each for each in ledgers if connection.scalar(text("select to_regclass(:name)"), {"name": each})]
    return ["control.uploaded_files", *found]
