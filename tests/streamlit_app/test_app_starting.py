"""What the server does before its first page, so that no page pays for it."""

import asyncio
import gc
import sys

import streamlit as st
from streamlit import config

from streamlit_app import starting


def test_what_pages_need_is_loaded_and_no_page_goes_through_it_again() -> None:
    async def started() -> int:
        async with starting.lifespan(st.App("main.py")):
            return gc.get_freeze_count()

    try:
        assert asyncio.run(started()) > 100_000
        assert set(starting.MODULES) <= sys.modules.keys()
    finally:
        gc.unfreeze()


def test_no_page_waits_for_a_look_at_the_source_files() -> None:
    assert config.get_option("server.fileWatcherType") == "none"
