"""Answers of `serving.queries`, kept for all users of the app together.

    page → ask(queries.totals, scope) → kept? → serving.queries → marts

Every key carries who asks and the version of the data, because every question that is kept begins with a `Reading` or a
`Scope`, of which nothing is left out. A wrong key would show one client another's rows.
"""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any, Concatenate, get_type_hints

import streamlit as st

from serving.queries.asking import At, P, T
from serving.scope import Reading, Scope

# The version changes with every build; the time limit only frees memory and bounds what a missed change could do.
SECONDS, ANSWERS = 600, 500


def ask(query: Callable[Concatenate[At, P], T], at: At, /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The answer of a query, asked once per viewer, version of the data and arguments. Raises what the query raises."""
    answer: T = _kept(query)(at, *args, **kwargs)
    return answer


@cache
def _kept(query: Callable[..., Any]) -> Callable[..., Any]:
    """The query behind a cache of its own. Raises `TypeError` where a key would not say who asks, or not all of it."""
    names = list(signature(query).parameters)
    says_who = get_type_hints(query).get(names[0]) in (Reading, Scope)
    # Streamlit leaves arguments whose names begin with an underscore out of the key.
    if not says_who or any(name.startswith("_") for name in names):
        raise TypeError(f"answers of {query.__qualname__} cannot be kept: its arguments do not say who asks")
    kept: Callable[..., Any] = st.cache_data(ttl=SECONDS, max_entries=ANSWERS, show_spinner=False)(query)
    return kept
