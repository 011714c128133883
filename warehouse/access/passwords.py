"""Passwords: what one must be, and how it is kept (argon2id, with the parameters of RFC 9106's second choice)."""

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

from warehouse.errors import ReaderError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 8, 1_000


def generated() -> str:
    """A password to hand over: 96 random bits."""
    return secrets.token_urlsafe(12)


def check(password: str, email: str) -> None:
    """Raises `ReaderError` for a password that is too short, too long or the address itself."""
    if len(password) < LEAST:
        raise ReaderError(f"the password has fewer than {LEAST} characters", fix="choose a longer one")
    if len(password) > MOST:
        raise ReaderError(f"the password has more than {MOST:,} characters", fix="choose a shorter one")
    if password.strip().lower() in (email, email.partition("@")[0]):
        raise ReaderError("the password is the e-mail address", fix="choose one that nobody can guess")


def hashed(password: str) -> str:
    """The hash to store, with its parameters and salt in it."""
    return _hasher().hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether it is the password of a stored hash. Takes as long when there is none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored or _nobodys_hash(), password[: MOST + 1]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(stored)


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return hashed(secrets.token_urlsafe(16))
