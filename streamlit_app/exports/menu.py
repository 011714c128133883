"""The button that gives what a page shows as a file, in each format; who takes one is in the audit log."""

from functools import partial

import streamlit as st

from streamlit_app import frame, session
from streamlit_app.exports import FORMATS, Format, Report, contents
from streamlit_app.scope import Node, Scope
from warehouse import audit, database
from warehouse.audit import Actor


def offer(scope: Scope, *, level: str, inside: Node | None = None, ranked_by: str) -> None:
    """Draw the button. A file is made when it is asked for, not before."""
    make = partial(contents.report, scope, level=level, inside=inside, ranked_by=ranked_by, as_of=frame.as_of())
    with st.popover("Export", icon=":material/download:"):
        for each in FORMATS:
            st.download_button(
                each.label, partial(_taken, each, make, scope, session.actor()),
                file_name=f"{contents.filename(scope)}.{each.extension}", mime=each.mime,
                key=f"export-{each.extension}", on_click="ignore", help=each.about, width="stretch",
            )  # fmt: skip


def _taken(chosen: Format, make: "partial[Report]", scope: Scope, actor: Actor) -> bytes:
    file = chosen.write(make())
    taken = {
        "format": chosen.extension,
        "clients": list(scope.client_ids),
        "from": f"{scope.period.start}",
        "to": f"{scope.period.end}",
        "size_bytes": len(file),
    }
    with audit.acting(actor), database.session() as current:
        audit.record(current, "export", "report", contents.filename(scope), new=taken)
    return file
