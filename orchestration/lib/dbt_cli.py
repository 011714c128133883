"""dbt's command line without what dagster-dbt does before it: asking the command for its version and importing dbt.

Both cost seconds of each build. The version is that of the installed package; the handle to dbt's adapter would only
serve metadata that is fetched by extra queries, which no build asks for.
"""

from functools import cached_property
from importlib import metadata
from typing import Any

from dagster_dbt import DbtCliResource
from packaging import version


class QuickDbtCli(DbtCliResource):
    """`DbtCliResource` that starts dbt at once."""

    @cached_property
    def _cli_version(self) -> version.Version:
        return version.parse(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> None:  # type: ignore[override]
        return None
