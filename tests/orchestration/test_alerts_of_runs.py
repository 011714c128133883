"""What Dagster knows to be wrong: runs that failed, checks that fail, and that a later success ends it."""

from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration.lib.run_findings import wrong_in_dagster
from warehouse.alerts.finding import Finding

CHECK = dg.AssetCheckKey(dg.AssetKey(["marts", "things"]), "assert_things_add_up")
wrong: dict[str, bool] = {}


@dg.op
def work() -> None:
    """Fails while the world is wrong."""
    if wrong.get("work"):
        raise ValueError("the disk is full")


@dg.job
def toil() -> None:
    work()


@dg.asset(key=["marts", "things"], check_specs=[dg.AssetCheckSpec(CHECK.name, asset=CHECK.asset_key)])
def things() -> Iterator[dg.MaterializeResult]:
    """Its check fails while the world is wrong, and its run with it, as a build does."""
    checked = dg.AssetCheckResult(passed=not wrong.get("things"), check_name=CHECK.name, description="2 rows: a=1")
    yield dg.MaterializeResult(check_results=[checked])
    if wrong.get("things"):
        raise ValueError("dbt ended with code 1")


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(autouse=True)
def _right() -> None:
    wrong.clear()


def looked(instance: dg.DagsterInstance) -> list[Finding]:
    return wrong_in_dagster(instance, ["toil", "build"], [CHECK])


def build() -> dg.JobDefinition:
    definitions = dg.Definitions(assets=[things], jobs=[dg.define_asset_job("build", selection="*")])
    return definitions.resolve_job_def("build")


def test_a_failed_run_is_told_with_its_reason_until_the_job_succeeds(instance: dg.DagsterInstance) -> None:
    wrong["work"] = True
    failed = toil.execute_in_process(instance=instance, raise_on_error=False)
    (found,) = looked(instance)
    assert (found.kind, found.subject) == ("failed_run", "job toil")
    assert "the disk is full" in found.what
    assert failed.run_id in found.place
    wrong.clear()
    toil.execute_in_process(instance=instance)
    assert looked(instance) == []


def test_a_failing_check_is_told_and_not_its_run_as_well(instance: dg.DagsterInstance) -> None:
    wrong["things"] = True
    assert not build().execute_in_process(instance=instance, raise_on_error=False).success
    (found,) = looked(instance)
    assert (found.kind, found.subject) == ("failed_check", "marts/things:assert_things_add_up")
    assert "2 rows: a=1" in found.what
    wrong.clear()
    build().execute_in_process(instance=instance)
    assert looked(instance) == []


def test_a_run_that_will_be_retried_is_not_told_yet(instance: dg.DagsterInstance) -> None:
    wrong["work"] = True
    failed = toil.execute_in_process(instance=instance, raise_on_error=False)
    instance.add_run_tags(failed.run_id, {"dagster/will_retry": "true"})
    assert looked(instance) == []
    instance.add_run_tags(failed.run_id, {"dagster/will_retry": "false"})
    assert len(looked(instance)) == 1


def test_a_run_whose_worker_is_gone_is_told_with_what_was_said_of_it(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(toil)
    instance.report_run_failed(run, "worker process 4711 ended before the run did")
    (found,) = looked(instance)
    assert "worker process 4711 ended" in found.what
