"""The URL of a page: it keeps what was chosen, so that a link shows a colleague the same view.

    URL → session state → widgets → session state → URL

It holds only what differs from the defaults. What it holds is never trusted: a client, source or entity that the viewer
may not see is dropped by its filter before anything is asked.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import streamlit as st

from serving.metrics import METRICS
from serving.periods import COMPARISONS, PRESETS
from serving.scope import CHOSEN_LEVELS, LEVELS

# What the URL keeps, by the key of the widget. One choice each, with its default and what else is allowed; a state of
# None is a choice with no fixed list, checked where it is used.
CHOICES: dict[str, tuple[str | None, Iterable[str] | None]] = {
    "period": ("last_30_days", PRESETS),
    "compare": ("previous", COMPARISONS),
    "currency": (None, None),
    "metric": ("impressions", METRICS),
    "grain": ("week", ("week", "month")),
    "level": (None, LEVELS),
    "open": (None, None),
    "show": ("freshness", ("freshness", "failures", "attempts", "rejects", "restatements")),
    "delivery": (None, None),
    "admin": ("clients", ("clients", "rates", "people", "log")),
}
LISTS = ("client", "source", *CHOSEN_LEVELS, "status")


def from_url(parameters: dict[str, list[str]]) -> dict[str, Any]:
    """The state that a URL asks for; whatever it says wrongly is left out."""
    state: dict[str, Any] = {name: list(dict.fromkeys(parameters[name])) for name in LISTS if parameters.get(name)}
    for name, (_, allowed) in CHOICES.items():
        value = (parameters.get(name) or [""])[0]
        if value and (allowed is None or value in allowed):
            state[name] = value
    if state.get("period") == "custom":
        start, end = (_day((parameters.get(name) or [""])[0]) for name in ("from", "to"))
        if start and end and start <= end:
            state["dates"] = (start, end)
        else:
            del state["period"]
    return state


def to_url(state: dict[str, Any]) -> dict[str, list[str]]:
    """The parameters that bring a state back; defaults are left out."""
    parameters = {name: list(state[name]) for name in LISTS if state.get(name)}
    for name, (default, _) in CHOICES.items():
        if state.get(name) and state[name] != default:
            parameters[name] = [state[name]]
    dates: Any = state.get("dates") or ()
    if state.get("period") == "custom" and len(dates) == 2:
        parameters["from"], parameters["to"] = [dates[0].isoformat()], [dates[1].isoformat()]
    return parameters


def restore() -> None:
    """Take the URL's state over, once per session."""
    if "restored" not in st.session_state:
        st.session_state["restored"] = True
        names = (*LISTS, *CHOICES, "from", "to")
        st.session_state.update(from_url({name: st.query_params.get_all(name) for name in names}))


def remember() -> None:
    """Write the state into the URL where it differs."""
    names = (*LISTS, *CHOICES, "dates")
    wanted = to_url({name: st.session_state[name] for name in names if name in st.session_state})
    if {name: st.query_params.get_all(name) for name in st.query_params} != wanted:
        st.query_params.from_dict(wanted)


def reset() -> None:
    """Put every filter back to its default; the part of a page that is shown stays."""
    for name in {*LISTS, *CHOICES, "dates"} - {"show", "admin"}:
        st.session_state.pop(name, None)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
