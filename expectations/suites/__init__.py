"""One module per source, each with the `TABLE` that it judges and the `expectations()` on a row of it.

An expectation's `description` says why its threshold is what it is: people read it when a delivery is held.
Severity `critical` (the default) holds the delivery; `warning` is shown and holds nothing.
"""

from types import ModuleType
from typing import Any

from expectations.suites import facebook, surfside, vibe

SUITES: dict[str, ModuleType] = {"surfside": surfside, "vibe": vibe, "facebook": facebook}


def suite_for(source: str) -> Any:
    """The Great Expectations suite of a source, named as its raw table. Raises `KeyError` for an unknown source."""
    import great_expectations as gx

    module = SUITES[source]
    return gx.ExpectationSuite(name=module.TABLE, expectations=module.expectations())
