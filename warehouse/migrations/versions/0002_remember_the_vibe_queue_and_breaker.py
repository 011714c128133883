"""Remember who waits for a Vibe account's budget, and which account is in trouble."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vibe_queue",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("waits_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_vibe_queue_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("account", "client_id", name=op.f("pk_vibe_queue")),
        schema="control",
    )
    op.create_table(
        "vibe_breakers",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure", sa.String(), nullable=True),
        sa.Column("tries_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_vibe_breakers")),
        schema="control",
    )


def downgrade() -> None:
    op.drop_table("vibe_breakers", schema="control")
    op.drop_table("vibe_queue", schema="control")
