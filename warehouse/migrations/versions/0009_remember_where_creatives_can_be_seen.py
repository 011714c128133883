"""Remember where a creative can be seen: the sources deliver no address."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "creative_previews",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("creative_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["control.clients.client_id"], name=op.f("fk_creative_previews_client_id_clients")
        ),
        sa.PrimaryKeyConstraint("client_id", "creative_id", name=op.f("pk_creative_previews")),
        schema="control",
    )


def downgrade() -> None:
    op.drop_table("creative_previews", schema="control")
