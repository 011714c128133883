"""The audit log: who changed what. Written in the transaction of the change, so neither is there without the other."""

import getpass
from typing import Any

from sqlalchemy.orm import Session

from warehouse.control import AuditEntry


def record(
    current: Session,
    action: str,
    entity: str,
    entity_id: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    actor: str | None = None,
) -> None:
    """Note one change. `old` and `new` hold the values that changed, never a secret."""
    current.add(
        AuditEntry(
            actor=actor or operator(),
            action=action,
            entity=entity,
            entity_id=entity_id,
            old_values=old,
            new_values=new,
        )
    )


def operator() -> str:
    """The person at the command line: the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
