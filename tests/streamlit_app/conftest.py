"""The app over the marts of tests/serving: a database per module, with known rows or without any."""

from collections.abc import Iterator

import pytest
import streamlit as st

from tests.serving.conftest import marts, unused_port

__all__ = ["marts", "unused_port"]  # the fixtures of what is served


@pytest.fixture(autouse=True)
def _forgotten_answers() -> Iterator[None]:
    """No test reads what another one has cached."""
    st.cache_data.clear()
    yield
    st.cache_data.clear()
