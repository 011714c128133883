"""What the server does before it answers the first browser.

provider told to Streamlit → what pages need, loaded → frozen

Streamlit collects all garbage after every run of a page. What is loaded here stays until the end, so it is taken out of
that: going through it took longer than most pages do.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import streamlit as st

from streamlit_app import single_sign_on

# Else the first visitor waits for them.
MODULES = ("altair", "pandas", "pyarrow", "serving.queries", "serving.reports", "streamlit_app.charts")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Get ready; nothing is left to do at the end."""
    single_sign_on.tell_streamlit()
    for name in MODULES:
        import_module(name)
    gc.collect()
    gc.freeze()
    yield
