"""How the Admin page looks at and changes what the agency decides: as an administrator, on record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import streamlit as st
from sqlalchemy.orm import Session

from serving import format as shown_as
from serving.viewer import Viewer
from streamlit_app import components, session
from warehouse.errors import PaidMediaError
from warehouse.postgres import database

Answer = TypeVar("Answer")


@contextmanager
def asked_by(viewer: Viewer) -> Iterator[Session]:
    """A transaction of an administrator, whose name and address the audit log gets. Raises `PaidMediaError`."""
    if viewer.role != "admin":
        raise PaidMediaError("only administrators may do this", fix="ask one")
    with session.acting(viewer.name), database.session() as current:
        yield current


def change(viewer: Viewer, service: Callable[[Session], object], said: str) -> None:
    """Change something, say so and draw the page anew; what cannot be done is said instead."""
    if tell(viewer, service) is not None:
        st.toast(said, icon=":material/check:")
        st.rerun()


def tell(viewer: Viewer, service: Callable[[Session], Answer]) -> Answer | None:
    """What a service answers; None when it could not be done, which is said on the page."""
    try:
        with asked_by(viewer) as current:
            answer = service(current)
            return True if answer is None else answer  # type: ignore[return-value]
    except PaidMediaError as error:
        components.refusal(error)
        return None


def decimal(words: str) -> Decimal | None:
    """A number as it was typed; None, and said so on the page, for anything else."""
    try:
        number = Decimal(words.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if number.is_finite():
        return number
    st.error(f"{shown_as.escaped(words) or 'Nothing'} is no number; write 12.50.", icon=":material/block:")
    return None
