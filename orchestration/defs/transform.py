"""The dbt graph as assets, joined to the raw tables by name; its tests as asset checks; its exposures as app pages.

raw_<source>/… → ledger, staging → intermediate → marts → streamlit_app/<page>
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtProject,
    dbt_assets,
)

from orchestration.lib import names, progress
from orchestration.lib.dbt_cli import QuickDbtCli
from orchestration.lib.dbt_errors import explained
from orchestration.lib.dbt_files import DBT_FOLDER, dbt_executable, environment, manifest
from orchestration.lib.dbt_orphans import end_orphans
from orchestration.lib.dbt_parse import carry_over
from orchestration.lib.failing_tests import RESULTS, results_of, with_reasons


class BuildConfig(dg.Config):
    """Whether a build makes everything anew, as after a change of the models, or only what changed."""

    full_refresh: bool = False


class ByName(DagsterDbtTranslator):
    """A model's asset is its table: `marts/daily_metrics`; a source's is the raw table that a loader makes."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Key and group from the schema that the table lies in."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["sources"].get(unique_id) or manifest["nodes"][unique_id]
        schema = node["source_name"] if unique_id.startswith("source.") else node["schema"]
        return spec.replace_attributes(key=dg.AssetKey([schema, node["name"]]), group_name=schema)


def dbt_definition(manifest_path: Path) -> dg.AssetsDefinition:
    """Every model in one step: dbt runs them in its own order, each test right after its model."""

    @dbt_assets(
        manifest=manifest_path,
        name=names.BUILD_OP,
        dagster_dbt_translator=ByName(DagsterDbtTranslatorSettings(enable_asset_checks=True)),
        pool=names.BUILD_JOB,
    )
    def dbt_build(context: dg.AssetExecutionContext, config: BuildConfig) -> Iterator[Any]:
        from loaders.ledger.pipeline import prepare_all
        from loaders.locks import locked
        from warehouse import builds, logs
        from warehouse.postgres.database import engine, libpq_environment, session
        from warehouse.settings import get_settings

        settings = get_settings()
        prepare_all(settings)
        # One build at a time, whichever process asked for it: two would rename the same tables.
        with locked(names.BUILD_LOCK, settings, progress.report), environment(libpq_environment(settings)):
            target = settings.paidmedia_home / "dbt" / "target"  # kept: dbt parses only what changed since last time
            for orphan in end_orphans(target):
                context.log.warning(f"ended dbt process {orphan}, whose worker had been killed")
            carry_over(target, libpq_environment(settings))
            with session(settings) as current:
                requests = builds.pending(current)
            (target / RESULTS).unlink(missing_ok=True)  # those of the last build say nothing of one that is killed
            dbt = QuickDbtCli(
                project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER), dbt_executable=dbt_executable()
            )
            # Unit tests prove the logic on made-up rows: they belong to development, not to every build.
            arguments = ["build", "--exclude-resource-type", "unit_test"]
            if config.full_refresh:
                arguments.append("--full-refresh")
            invocation = dbt.cli(arguments, context=context, target_path=target, raise_on_error=False)
            yield from with_reasons(reported(invocation.stream()), invocation, engine(settings))
        error = invocation.get_error()
        reason = None if error is None else explained(error, results_of(invocation))
        write = logs.logger(settings)
        (write.info if reason is None else write.error)(
            "build", run_id=context.run_id, full_refresh=config.full_refresh, error=reason and str(reason)
        )
        if reason is not None:
            raise reason from error
        if context.selected_asset_keys == context.assets_def.keys:  # else other models still lack what was asked for
            with session(settings) as current:
                builds.settle(current, requests)

    return dbt_build


def reported(events: Iterator[Any]) -> Iterator[Any]:
    """Pass dbt's events on and tell a listening terminal how far the build is."""
    for number, event in enumerate(events, start=1):
        progress.report(f"dbt: {number} results, {event_name(event)}")
        yield event


def event_name(event: Any) -> str:
    """What an event of dbt is about, for a person."""
    if isinstance(event, dg.AssetCheckResult | dg.AssetCheckEvaluation):
        return f"tested {event.check_name}"
    key = getattr(event, "asset_key", None)
    return f"built {key.to_user_string()}" if key else "working"


def page_specs(manifest_path: Path) -> list[dg.AssetSpec]:
    """The app's pages, from dbt's exposures: what reads the marts ends the graph."""
    content = json.loads(manifest_path.read_text())
    return [
        dg.AssetSpec(
            dg.AssetKey(["streamlit_app", exposure["name"]]),
            deps=[
                dg.AssetKey([content["nodes"][node]["schema"], content["nodes"][node]["name"]])
                for node in exposure["depends_on"]["nodes"]
            ],
            description=exposure["description"],
            group_name="app",
            kinds={"streamlit"},
        )
        for exposure in content["exposures"].values()
    ]


def control_specs(manifest_path: Path) -> list[dg.AssetSpec]:
    """What the agency decides and people release, which the models read beside the deliveries."""
    sources = json.loads(manifest_path.read_text())["sources"].values()
    return [
        dg.AssetSpec(
            dg.AssetKey([source["source_name"], source["name"]]),
            description=source["description"],
            group_name="control",
            kinds={"postgres"},
        )
        for source in sources
        if source["source_name"] == "control"
    ]


def ledger_specs(manifest_path: Path) -> list[dg.AssetSpec]:
    """The views over the ledgers of all sources, and what people decide that they read beside them."""
    sources = json.loads(manifest_path.read_text())["sources"].values()
    views = [
        dg.AssetSpec(
            dg.AssetKey([source["source_name"], source["name"]]),
            deps=names.united_keys(source["name"]),
            description=source["description"],
            group_name="ledger",
            kinds={"postgres"},
        )
        for source in sources
        if source["source_name"] == "ledger"
    ]
    decided = [
        dg.AssetSpec(key, description=description, group_name="control", kinds={"postgres"})
        for key, description in names.DECIDED.items()
    ]
    return [*views, *decided]


@dg.definitions
def defs() -> dg.Definitions:
    """The graph, its pages, and the job that builds it."""
    path = manifest()
    models = dbt_definition(path)
    build = dg.define_asset_job(
        names.BUILD_JOB, selection=dg.AssetSelection.assets(models), description="Model what was delivered."
    )
    return dg.Definitions(assets=[models, *control_specs(path), *ledger_specs(path), *page_specs(path)], jobs=[build])
