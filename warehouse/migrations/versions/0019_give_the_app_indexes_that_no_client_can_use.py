"""Give the app's rows a condition, so that its indexes on clients can be partial: no plan of a client's view uses one.

An index that begins with `client_id` served a client's question for a date alone: what it cost told how rows are shared
out among others. A partial index serves who says its condition, `client_id <> ''`: the policy of the app's role does,
that of the views does not. The next build makes the indexes anew, before it begins.
"""

from typing import Any

from alembic import context, op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _show_viewer(_NOW)


def downgrade() -> None:
    _show_viewer(_BEFORE)


def _show_viewer(rows: str) -> None:
    """Let the app's role see these rows of the marts that there are, and of those that are made from now on."""
    of_0012: Any = context.script.get_revision("0012").module
    protect, _, _ = of_0012._PROTECT.partition("create function access.unprotect")
    assert _BEFORE in protect, "the policy of 0012 is in other words"
    op.execute(protect.replace(_BEFORE, rows).replace("create function", "create or replace function", 1))
    before: Any = context.script.get_revision("0008").module
    op.execute(before._EVERY_MART.format(action=_ALTER.format(rows=rows)))


_BEFORE = "using (client_id = any (array(select access.viewer_clients())))"
_NOW = "using (client_id <> '''' and client_id = any (array(select access.viewer_clients())))"

_ALTER = "execute format('alter policy viewer on %s {rows}', mart)"
