"""Keep locks where no reader can take them: each is a view in `locks`, found by its name in `locks.names`.

Who holds one stands in `locks.sessions`: every login can see the names that other connections give themselves.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema locks")
    op.create_table(
        "names",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_names")),
        schema="locks",
    )
    op.create_table(
        "sessions",
        sa.Column("pid", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("pid", name=op.f("pk_sessions")),
        schema="locks",
    )


def downgrade() -> None:
    op.execute("drop schema locks cascade")
