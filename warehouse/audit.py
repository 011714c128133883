"""The audit log: who did what. Written in the transaction of the change, so neither is there without the other."""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.control import AuditEntry


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where: the address and the program, where that is known."""

    name: str
    address: str | None = None
    agent: str | None = None


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Everything that is recorded inside is this one's doing; outside, it is that of the person at the command line."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def record(
    current: Session,
    action: str,
    entity: str,
    entity_id: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """Note one change. `old` and `new` hold the values that changed, never a secret."""
    by = current_actor()
    current.add(
        AuditEntry(
            actor=by.name,
            action=action,
            entity=entity,
            entity_id=entity_id,
            old_values=old,
            new_values=new,
            address=by.address,
            agent=by.agent,
        )
    )


def newest(current: Session, limit: int) -> Sequence[AuditEntry]:
    """The newest entries, newest first."""
    return current.scalars(select(AuditEntry).order_by(AuditEntry.audit_id.desc()).limit(limit)).all()


def current_actor() -> Actor:
    """The one who acts now."""
    return _actor.get() or Actor(operator())


def actor_name() -> str:
    """The name of the one who acts now."""
    return current_actor().name


def operator() -> str:
    """The person at the command line: the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
