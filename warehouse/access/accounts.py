"""Logging in and out: sessions that end after half an hour without use, lock-out after repeated failures.

password, or a provider's word → session (the browser keeps a token, the database its sha256) → who it is, at every page
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from warehouse import audit
from warehouse.access import passwords
from warehouse.access.single_sign_on import Identity
from warehouse.control import User, UserClient, UserSession
from warehouse.errors import ReaderError

IDLE = timedelta(minutes=30)
FAILURES = 5  # in a row, then the account is locked
LOCKED = timedelta(minutes=15)
# A page asks who it is for at every click; the time of the last use is written down only so often.
NOTED_EVERY = timedelta(seconds=30)
NAMELESS = "a person without an address"  # in the audit log, where a provider tells none

# One sentence for a wrong password, an unknown address and a locked account: nobody learns who has one.
REFUSED = (
    f"That did not work: the address or the password is wrong, or the account is locked. After {FAILURES} failures in "
    f"a row it is, for {LOCKED.seconds // 60} minutes; an administrator can reset the password at once."
)


@dataclass(frozen=True)
class Person:
    """Who has logged in. `client_ids` are the clients that they see; None means every client."""

    user_id: int
    email: str
    role: str
    client_ids: tuple[str, ...] | None
    must_change_password: bool
    has_password: bool


def log_in(current: Session, email: str, password: str) -> str | None:
    """The token of a new session; None when refused, and then `REFUSED` is all that there is to say.

    The transaction has to be committed in both cases: it counts the failures.
    """
    user = current.scalar(select(User).where(User.email == email.strip().lower()).with_for_update())
    is_right = passwords.matches(password, user.password_hash if user else None)
    if user is None:
        return None
    now = datetime.now(UTC)
    if user.locked_until is not None and user.locked_until <= now:
        user.failed_logins, user.locked_until = 0, None
    if not (is_right and user.is_active and user.locked_until is None):
        _count_failure(current, user, now, is_right=is_right)
        return None
    user.failed_logins, user.locked_until = 0, None
    if user.password_hash is not None and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    token = secrets.token_urlsafe(32)
    _begin(current, user, token, how="password")
    return token


def log_in_vouched(current: Session, vouched: Identity) -> str | None:
    """Begin the session of whom the provider vouches for; returns why not, which is `used` once that session is over.

    Only who was added comes in. A lock does not count: it is about guessed passwords. A password that was given and
    never changed is void from now on: it was for a first log-in, which this is. Commit in both cases.
    """
    user = current.scalar(select(User).where(User.email == vouched.email).with_for_update())
    why = _why_not(user, vouched)
    if user is None or why is not None:
        new = {"how": "provider", "why": why}
        audit.record(current, "refuse log in", "user", vouched.email or NAMELESS, new=new)
        return why
    begun = current.get(UserSession, _sha256(vouched.token))
    if begun is not None:
        return None if begun.ended_at is None else "used"
    if user.must_change_password:
        end_sessions(current, user.user_id)  # one that waits for the new password must not come in by the void one
        user.password_hash, user.must_change_password = None, False
    _begin(current, user, vouched.token, how="provider")
    return None


def person(current: Session, token: str, *, is_use: bool = True) -> Person | None:
    """Whose session it is; None once it has ended, was idle too long, or the person was disabled.

    `is_use` says whether the session's half hour begins anew.
    """
    now = datetime.now(UTC)
    query = select(UserSession, User).join(User, User.user_id == UserSession.user_id)
    found = current.execute(query.where(UserSession.token_sha256 == _sha256(token))).one_or_none()
    if found is None:
        return None
    session, user = found
    if session.ended_at is not None or not user.is_active or session.last_seen_at <= now - IDLE:
        return None
    if is_use and session.last_seen_at <= now - NOTED_EVERY:
        current.execute(
            update(UserSession).where(UserSession.token_sha256 == session.token_sha256).values(last_seen_at=now)
        )
    mine, has_password = _client_ids(current, user), user.password_hash is not None
    return Person(user.user_id, user.email, user.role, mine, user.must_change_password, has_password)


def log_out(current: Session, token: str) -> None:
    """End a session; one that has ended already stays so."""
    session = current.get(UserSession, _sha256(token))
    if session is not None and session.ended_at is None:
        session.ended_at = datetime.now(UTC)
        user = current.get_one(User, session.user_id)
        audit.record(current, "log out", "user", user.email)


def change_password(current: Session, token: str, old: str, new: str) -> None:
    """Let a person change their own password; their other sessions end. Raises `ReaderError`."""
    known = person(current, token)
    if known is None:
        raise ReaderError("the session has ended", fix="log in again")
    user = current.get_one(User, known.user_id, with_for_update=True)
    if not passwords.matches(old, user.password_hash):
        raise ReaderError("the present password is another one", fix="type it again")
    if old == new:
        raise ReaderError("the new password is the old one", fix="choose another")
    set_password(user, new)
    end_sessions(current, user.user_id, but=token)
    audit.record(current, "change password", "user", user.email)


def set_password(user: User, password: str, *, must_change: bool = False) -> None:
    """Store a password, which also unlocks the account. Raises `ReaderError` for one that cannot be used."""
    passwords.check(password, user.email)
    user.password_hash = passwords.hashed(password)
    user.password_changed_at, user.must_change_password = datetime.now(UTC), must_change
    user.failed_logins, user.locked_until = 0, None


def end_sessions(current: Session, user_id: int, *, but: str | None = None) -> None:
    """End every session of a person, except the one of a token."""
    ended = update(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if but is not None:
        ended = ended.where(UserSession.token_sha256 != _sha256(but))
    current.execute(ended.values(ended_at=datetime.now(UTC)))


def _why_not(user: User | None, vouched: Identity) -> str | None:
    if not vouched.email:
        return "no address"
    if not vouched.is_verified:
        return "not verified"
    if user is None:
        return "not added"
    return None if user.is_active else "disabled"


def _begin(current: Session, user: User, token: str, *, how: str) -> None:
    now = datetime.now(UTC)
    over = or_(UserSession.ended_at.is_not(None), UserSession.last_seen_at <= now - IDLE)
    # One that has ended stays half an hour, so that what opened it opens no second one.
    old = and_(UserSession.created_at <= now - IDLE, over)
    current.execute(delete(UserSession).where(UserSession.user_id == user.user_id, old))
    by = audit.current_actor()
    current.add(
        UserSession(
            token_sha256=_sha256(token), user_id=user.user_id, created_at=now, last_seen_at=now,
            address=by.address, agent=by.agent,
        )
    )  # fmt: skip
    user.last_login_at = now
    audit.record(current, "log in", "user", user.email, new={"how": how})


def _count_failure(current: Session, user: User, now: datetime, *, is_right: bool) -> None:
    """Note a refused attempt, and lock the account after too many. A right password is never a failure."""
    if user.locked_until is None and not is_right:
        user.failed_logins += 1
        if user.failed_logins >= FAILURES:
            user.locked_until = now + LOCKED
    why = "locked" if user.locked_until is not None else "wrong password" if user.is_active else "disabled"
    audit.record(current, "refuse log in", "user", user.email, new={"why": why, "failures": user.failed_logins})


def _client_ids(current: Session, user: User) -> tuple[str, ...] | None:
    if user.role != "client":
        return None
    mine = select(UserClient.client_id).where(UserClient.user_id == user.user_id).order_by(UserClient.client_id)
    return tuple(current.scalars(mine))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
