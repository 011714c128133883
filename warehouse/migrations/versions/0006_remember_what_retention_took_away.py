"""Remember what retention took away: months that are files now, their creatives, deliveries whose rows are gone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PATH = (
    *("client_id", "source", "campaign_id", "campaign_name", "strategy_id", "strategy_name"),
    *("placement_id", "placement_name", "creative_name"),
)


def upgrade() -> None:
    op.create_table(
        "archived_months",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("sums", JSONB(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_archived_months_first_day")),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_archived_months")),
        schema="control",
    )
    op.create_table(
        "archived_creatives",
        sa.Column("creative_id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in PATH),
        sa.PrimaryKeyConstraint("creative_id", name=op.f("pk_archived_creatives")),
        schema="control",
    )
    op.create_table(
        "dropped_deliveries",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("sums", JSONB(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source in ('surfside', 'vibe', 'facebook')", name=op.f("ck_dropped_deliveries_source")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_dropped_deliveries_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_dropped_deliveries")),
        schema="control",
    )


def downgrade() -> None:
    for table in ("dropped_deliveries", "archived_creatives", "archived_months"):
        op.drop_table(table, schema="control")
