"""Know the sources as rows: what the registry of the loaders says, and the source of each upload.

The sources that were known until now are entered as they were, because rows of theirs are there: from then on the
registry brings them up to date.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UNTIL_NOW = ("surfside", "vibe", "facebook")
LEVELS = ["campaign", "strategy", "placement", "creative"]
ROWS = (
    ("surfside", "Surfside", "media_report", "object_store", ["prefix", *LEVELS], 2,
     "paidmedia client set SLUG --surfside-prefix FOLDER"),
    ("vibe", "Vibe", "performance_report", "report_api", LEVELS, 2,
     "paidmedia vibe-credentials set SLUG --advertiser-id A --api-key K"),
    ("facebook", "Facebook", "ads_export", "upload", LEVELS, 8, "paidmedia upload FILE --client SLUG"),
)  # fmt: skip
TABLES = ("client_source_settings", "ingestion_runs", "delivery_verdicts", "dropped_deliveries", "kept_transitions")


def upgrade() -> None:
    sources = op.create_table(
        "sources",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("row_table", sa.String(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("client_settings", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("late_after_days", sa.Integer(), nullable=False),
        sa.Column("set_up", sa.String(), nullable=False),
        sa.CheckConstraint("transport in ('object_store', 'report_api', 'upload')", name=op.f("ck_sources_transport")),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_sources_name")),
        sa.CheckConstraint("late_after_days > 0", name=op.f("ck_sources_late_after_days")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
        schema="control",
    )
    names = ("name", "title", "row_table", "transport", "client_settings", "late_after_days", "set_up")
    op.bulk_insert(
        sources, [dict(zip(names, row, strict=True)) | {"position": at} for at, row in enumerate(ROWS, start=1)]
    )
    for table in TABLES:
        op.drop_constraint(op.f(f"ck_{table}_source"), table, schema="control")
        _refer(table)
    op.add_column(
        "uploaded_files", sa.Column("source", sa.String(), server_default="facebook", nullable=False), schema="control"
    )
    op.alter_column("uploaded_files", "source", server_default=None, schema="control")
    _refer("uploaded_files")


def downgrade() -> None:
    op.drop_column("uploaded_files", "source", schema="control")  # on the way up again each is Facebook's
    allowed = ", ".join(f"'{name}'" for name in UNTIL_NOW)
    for table in TABLES:
        op.drop_constraint(op.f(f"fk_{table}_source_sources"), table, schema="control")
        # Rows of a source that came later stay; no more of them are taken.
        op.create_check_constraint(
            op.f(f"ck_{table}_source"), table, f"source in ({allowed})", schema="control", postgresql_not_valid=True
        )
    op.drop_table("sources", schema="control")


def _refer(table: str) -> None:
    """Rows that a way down has kept, of a source that came later, stay until the registry enters it again."""
    op.create_foreign_key(
        op.f(f"fk_{table}_source_sources"), table, "sources", ["source"], ["name"],
        source_schema="control", referent_schema="control", postgresql_not_valid=True,
    )  # fmt: skip
