"""Keep what vanished between two deliveries of a day, for when their raw rows are dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_transitions",
        sa.Column("previous_delivery_id", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("vanished_impressions", sa.BigInteger(), nullable=False),
        sa.Column("vanished_clicks", sa.BigInteger(), nullable=False),
        sa.Column("vanished_conversions", sa.BigInteger(), nullable=False),
        sa.Column("vanished_conversion_revenue", sa.Numeric(24, 9), nullable=False),
        sa.Column("vanished_reported_spend", sa.Numeric(24, 9), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source in ('surfside', 'vibe', 'facebook')", name=op.f("ck_kept_transitions_source")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_kept_transitions_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("previous_delivery_id", "delivery_id", "date", name=op.f("pk_kept_transitions")),
        schema="control",
    )


def downgrade() -> None:
    op.drop_table("kept_transitions", schema="control")
