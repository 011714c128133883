"""The button that gives what a page shows as a file, in each format; who takes one is in the audit log."""

from collections.abc import Callable
from datetime import date
from functools import partial

import streamlit as st

from serving.reports import FORMATS, Format, Report, contents, summary
from serving.scope import Node, Scope
from streamlit_app import frame, session
from streamlit_app.cached import ask
from warehouse import audit
from warehouse.audit import Actor
from warehouse.postgres import database


def offer(scope: Scope, *, level: str, inside: Node | None = None, ranked_by: str) -> None:
    """Draw the button for the chosen days, with a table of a level."""
    make = partial(
        contents.report, scope, level=level, inside=inside, ranked_by=ranked_by, as_of=frame.as_of(), ask=ask
    )
    _button(scope, make, contents.filename(scope))


def offer_summary(scope: Scope, grain: str, start: date) -> None:
    """Draw the button for a week or month."""
    make = partial(summary.report, scope, grain, start, as_of=frame.as_of(), ask=ask)
    _button(scope, make, summary.filename(scope, grain, start))


def _button(scope: Scope, make: Callable[[], Report], name: str) -> None:
    """A file is made when it is asked for, not before."""
    with st.popover("Export", icon=":material/download:"):
        for each in FORMATS:
            st.download_button(
                each.label, partial(_taken, each, make, scope, name, session.actor()),
                file_name=f"{name}.{each.extension}", mime=each.mime,
                key=f"export-{each.extension}", on_click="ignore", help=each.about, width="stretch",
            )  # fmt: skip


def _taken(chosen: Format, make: Callable[[], Report], scope: Scope, name: str, actor: Actor) -> bytes:
    report = make()
    file = chosen.write(report)
    taken = {
        "format": chosen.extension,
        "clients": list(scope.client_ids),
        "from": f"{report.period.start}",
        "to": f"{report.period.end}",
        "size_bytes": len(file),
    }
    with audit.acting(actor), database.session() as current:
        audit.record(current, "export", "report", name, new=taken)
    return file
