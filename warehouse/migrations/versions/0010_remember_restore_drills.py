"""Remember restore drills: to which moment, how long it took, what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "restore_drills",
        sa.Column("drill_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("moment", TIME, nullable=False),
        sa.Column("totals", JSONB(), nullable=False),
        sa.Column("backup", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("restore_seconds", sa.Float(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("status in ('running', 'passed', 'failed')", name=op.f("ck_restore_drills_status")),
        sa.PrimaryKeyConstraint("drill_id", name=op.f("pk_restore_drills")),
        schema="control",
    )


def downgrade() -> None:
    op.drop_table("restore_drills", schema="control")
