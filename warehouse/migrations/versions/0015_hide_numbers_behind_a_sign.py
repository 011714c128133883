"""Hide a client's numbers behind a sign: `+ spend` costs a reader less than `spend + 0`, and is believed as little.

The next build makes the views with it, before it begins.
"""

from typing import Any

from alembic import context, op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wrapped = _of_0012()
    for number in ("bigint", "integer", "numeric"):
        before = f"when '{number}'::regtype then '%I + 0'"
        assert before in wrapped, f"{number} was wrapped in other words"
        wrapped = wrapped.replace(before, f"when '{number}'::regtype then '+ %I'")
    op.execute(wrapped)


def downgrade() -> None:
    op.execute(_of_0012())


def _of_0012() -> str:
    """`access.wrapped`, which says how a view gives a column of a type."""
    before: Any = context.script.get_revision("0012").module
    text: str = before._WRAPPED
    return text.replace("create function", "create or replace function", 1)
