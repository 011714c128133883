"""Say who resolved a failed attempt, when and why; find the newest attempts of all clients."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "ingestion_runs", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True), schema="control"
    )
    op.add_column("ingestion_runs", sa.Column("resolved_by", sa.String(), nullable=True), schema="control")
    op.add_column("ingestion_runs", sa.Column("resolution", sa.String(), nullable=True), schema="control")
    op.execute("update control.ingestion_runs set resolution = 'before reasons were kept' where is_resolved")
    op.create_check_constraint(
        op.f("ck_ingestion_runs_resolution"),
        "ingestion_runs",
        "is_resolved = (resolution is not null)",
        schema="control",
    )
    op.create_index(op.f("ix_ingestion_runs_started_at"), "ingestion_runs", ["started_at"], schema="control")


def downgrade() -> None:
    op.drop_index(op.f("ix_ingestion_runs_started_at"), table_name="ingestion_runs", schema="control")
    op.drop_constraint(op.f("ck_ingestion_runs_resolution"), "ingestion_runs", type_="check", schema="control")
    for column in ("resolution", "resolved_by", "resolved_at"):
        op.drop_column("ingestion_runs", column, schema="control")
