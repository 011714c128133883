"""People: who may log in, in which role, and to which clients."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse import audit, clients
from warehouse.control import User, UserClient
from warehouse.errors import PaidMediaError

ROLES = ("admin", "analyst", "client")


def add_user(current: Session, email: str, *, role: str, client_id: str | None = None) -> User:
    """Enter a person. A `client` sees the one client named; admins and analysts see all.

    Calling it again for a known client user adds a further client. Raises `PaidMediaError`.
    """
    address = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise PaidMediaError(f"{email!r} is no e-mail address", fix="name@company.com")
    if role not in ROLES:
        raise PaidMediaError(f"unknown role {role!r}", fix=f"one of {', '.join(ROLES)}")
    if (role == "client") != (client_id is not None):
        raise PaidMediaError("--client goes with --role client, and with no other role", fix="add or drop --client")
    user = current.scalar(select(User).where(User.email == address))
    if user is not None and (user.role != "client" or role != "client"):
        raise PaidMediaError(f"{address} is there already", where=f"as {user.role}")
    if user is None:
        user = User(email=address, role=role)
        current.add(user)
        current.flush()
    if client_id is not None:
        clients.get_client(current, client_id)
        if current.get(UserClient, (user.user_id, client_id)) is None:
            current.add(UserClient(user_id=user.user_id, client_id=client_id))
    audit.record(current, "add", "user", address, new={"role": role, "client_id": client_id})
    return user
