"""One small plan for the tests of the stand-ins: three clients, 33 days, with a change of CPM inside."""

from datetime import date

import pytest

from sandbox.plan import MediaPlan


@pytest.fixture(scope="session")
def plan() -> MediaPlan:
    return MediaPlan.generate(seed=7, clients=3, days=33, last_day=date(2025, 6, 27))
