"""People: who may log in, in which role, and to which clients. How they log in stands at `accounts`."""

import re
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.access import accounts, passwords
from warehouse.control import User, UserClient, lookup
from warehouse.errors import PaidMediaError

ROLES = ("admin", "analyst", "client")


def add_user(
    current: Session,
    email: str,
    *,
    role: str,
    client_id: str | None = None,
    password: str | None = None,
    has_password: bool = True,
) -> str | None:
    """Enter a person; returns the password that was generated, which they have to change at the first log-in.

    Without a password they come in through the provider only. A `client` sees the one client named; admins and
    analysts see all. Calling it again for a known client user adds a further client and leaves the password, as giving
    one does: then nothing is returned. Raises `PaidMediaError`.
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
    generated = None
    if user is None:
        user = User(email=address, role=role)
        if has_password:
            generated = passwords.generated() if password is None else None
            accounts.set_password(user, password or generated or "", must_change=generated is not None)
        current.add(user)
        current.flush()
    if client_id is not None:
        lookup.get_client(current, client_id)
        if current.get(UserClient, (user.user_id, client_id)) is None:
            current.add(UserClient(user_id=user.user_id, client_id=client_id))
    audit.record(current, "add", "user", address, new={"role": role, "client_id": client_id})
    return generated


def get_user(current: Session, email: str) -> User:
    """The person, or a `PaidMediaError`."""
    user = current.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise PaidMediaError(f"there is no user {email.strip().lower()}", fix="paidmedia user list")
    return user


def list_users(current: Session) -> list[tuple[User, list[str]]]:
    """People by address, each with the clients that were named for them."""
    mine: dict[int, list[str]] = {}
    for row in current.scalars(select(UserClient).order_by(UserClient.client_id)):
        mine.setdefault(row.user_id, []).append(row.client_id)
    return [(user, mine.get(user.user_id, [])) for user in current.scalars(select(User).order_by(User.email))]


def set_active(current: Session, email: str, *, active: bool) -> None:
    """Disable a person, whose sessions end at once, or let them in again. Raises `PaidMediaError`."""
    user = get_user(current, email)
    if user.is_active == active:
        return
    if not active:
        _keep_one_admin(current, user)
        accounts.end_sessions(current, user.user_id)
    user.is_active, user.disabled_at = active, None if active else datetime.now(UTC)
    verb = "enable" if active else "disable"
    audit.record(current, verb, "user", user.email, old={"is_active": not active}, new={"is_active": active})


def reset_password(current: Session, email: str) -> str:
    """A new password for a person, who has to change it at the next log-in; their sessions end, a lock too."""
    user = get_user(current, email)
    password = passwords.generated()
    accounts.set_password(user, password, must_change=True)
    accounts.end_sessions(current, user.user_id)
    audit.record(current, "reset password", "user", user.email)
    return password


def remove_client(current: Session, email: str, client_id: str) -> None:
    """Let a person no longer see a client. Raises `PaidMediaError` when they do not by that name."""
    user = get_user(current, email)
    row = current.get(UserClient, (user.user_id, client_id))
    if row is None:
        raise PaidMediaError(f"{client_id} was not named for {user.email}", fix="paidmedia user list")
    current.delete(row)
    audit.record(current, "remove client", "user", user.email, old={"client_id": client_id})


def _keep_one_admin(current: Session, user: User) -> None:
    others = select(func.count()).where(User.role == "admin", User.is_active, User.user_id != user.user_id)
    if user.role == "admin" and not current.scalar(others):
        raise PaidMediaError(f"{user.email} is the last administrator", fix="paidmedia user add EMAIL --role admin")
