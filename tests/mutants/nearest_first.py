"""A plugin of pytest: tests run in the order in which their files and folders were named, so that `-x` ends early."""

from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort by the first argument that a test lies in; the order within one stays."""
    named = [Path(config.invocation_params.dir, argument.split("::")[0]) for argument in config.args]
    items.sort(key=lambda item: next((place for place, path in enumerate(named) if item.path.is_relative_to(path)), 0))
