"""The product under the clock: a day, a correction, a build of nothing and an upload, through its own commands.

loads of three sources side by side, judged by their checks → one build with all tests → published marts
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from benchmarks import commands
from benchmarks.commands import Finished
from benchmarks.stages import Interval, covered, shared
from benchmarks.truth import compare
from benchmarks.world import World
from loaders.registry import names
from warehouse.postgres import database

START_UP, READ, COPY, CHECKS = "start-up", "read and parse", "raw COPY", "checks (Great Expectations)"
MODELS, TESTS, PUBLISH = "dbt models", "dbt tests", "publish"
STAGES = (START_UP, READ, COPY, CHECKS, MODELS, TESTS, PUBLISH)
Figures = dict[str, Any]


def day(world: World, when: date) -> Figures:
    """Load, check and build one day of every client and source. Raises `PaidMediaError` where a number is wrong."""
    made = world.deliver_day(when)
    loading = commands.side_by_side(_loads(world, when), postmaster=world.postmaster)
    building = build(world, "build")
    world.expected.put(made)
    check(world, when)
    finished = [*loading, building]
    start, end = min(each.started for each in finished), building.ended
    intervals = list(_intervals(world, finished))
    raw_rows = sum(each.raw_rows for each in made.values())
    return {
        "seconds": end - start,
        "loads_seconds": max(each.ended for each in loading) - start,
        "build_seconds": building.wall,
        "rows": raw_rows,
        "rows_per_second": raw_rows / (end - start),
        "stages": shared(intervals, start, end),
        "processor_seconds": {each.label: each.cpu for each in finished},
        "peak_mb": {each.label: each.peak_mb for each in finished} | _peaks(finished),
        "loader_peak_mb": max(each.peak_mb for each in loading),
    }


def correction(world: World, when: date) -> Figures:
    """One client's Surfside day, restated: loaded, checked, built. `work` leaves out imports and dbt's start."""
    client_id = world.size.client_ids[0]
    variant = _deliveries_of(world, "surfside", client_id, when)
    restated = world.make("surfside", client_id, when, rows=world.size.rows_per_delivery, variant=variant)
    world.put_into_bucket(client_id, when, variant)
    words = ["load", "surfside", "--from", f"{when}", "--to", f"{when}", "--client", client_id]
    done = commands.paidmedia("correction", words, postmaster=world.postmaster)
    world.expected.put({(client_id, "surfside", when): restated})
    check(world, when)
    return _worked(world, done)


def nothing_changed(world: World) -> Figures:
    """A build that finds nothing to do."""
    return _worked(world, build(world, "build of nothing"))


def upload(world: World, number: int) -> Figures:
    """A small export of a new day of one client, until it is in the marts."""
    client_id = world.size.client_ids[-1 - number]
    when = world.size.dates[-1] + timedelta(days=1)
    variant = _deliveries_of(world, "facebook", client_id, when)
    made = world.make("facebook", client_id, when, rows=world.size.upload_rows, variant=variant)
    words = ["upload", str(world.path("facebook", client_id, when, variant)), "--client", client_id]
    done = commands.paidmedia("upload", words, postmaster=world.postmaster)
    world.expected.put({(client_id, "facebook", when): made})
    check(world, when)
    return _worked(world, done) | {"rows": made.raw_rows}


def build(world: World, label: str) -> Finished:
    """`paidmedia build`."""
    return commands.paidmedia(label, ["build"], postmaster=world.postmaster)


def check(world: World, when: date | None = None) -> int:
    """Compare the marts, and the campaigns' days, with what the bytes add up to; returns the slices compared."""
    condition = "" if when is None else "where date = :day"
    query = """
        select client_id, source, date, {rows}, sum(impressions), sum(clicks), sum(conversions),
            sum(conversion_revenue), sum(reported_spend), sum(spend)
        from marts.{table} {condition} group by client_id, source, date
    """
    expected = world.expected.rows(when)
    with database.session(world.settings) as current:
        rows = {"rows": "count(*)", "table": "daily_metrics", "condition": condition}
        found = current.execute(text(query.format(**rows)), {"day": when}).all()
        compared = compare("marts.daily_metrics", expected, [tuple(row) for row in found])
        rows = {"rows": "cast(null as bigint)", "table": "daily_campaign_metrics", "condition": condition}
        found = current.execute(text(query.format(**rows)), {"day": when}).all()
        compare("marts.daily_campaign_metrics", _without_rows(expected), [tuple(row) for row in found])
    return compared


def _without_rows(expected: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*row[:3], None, *row[4:]) for row in expected]


def _loads(world: World, when: date) -> dict[str, list[list[str]]]:
    """The words of the three loads, each a process of its own."""
    days = ["--from", f"{when}", "--to", f"{when}", "--no-build"]
    uploads = [
        ["upload", str(world.path("facebook", client_id, when)), "--client", client_id, "--no-build"]
        for client_id in world.size.client_ids
    ]
    return {
        "load surfside": [["load", "surfside", *days]],
        "load vibe": [["load", "vibe", *days]],
        "load facebook": uploads,
    }


def _worked(world: World, done: Finished) -> Figures:
    intervals = list(_intervals(world, [done]))
    start_up = covered([each for each in intervals if each.stage == START_UP], done.started, done.ended)
    return {
        "seconds": done.wall,
        "work": done.wall - start_up,
        "stages": shared(intervals, done.started, done.ended),
        "peak_mb": {done.label: done.peak_mb} | done.peaks,
    }


def _peaks(finished: Sequence[Finished]) -> dict[str, float]:
    names = {name for each in finished for name in each.peaks}
    return {name: max(each.peaks.get(name, 0.0) for each in finished) for name in names}


def _intervals(world: World, finished: Sequence[Finished]) -> Iterator[Interval]:
    """When which stage was at work, by what the product itself writes down: its ledger, Dagster's and dbt's events."""
    for each in finished:
        yield Interval(START_UP, each.started, each.ready)
    since = min(each.started for each in finished)
    yield from _deliveries(world, since)
    yield from _steps(world, since)


def _deliveries(world: World, since: float) -> Iterator[Interval]:
    """Reading and COPY of each delivery: its attempt begins and ends in the ledger; dlt names a package by its time."""
    for source in names():
        query = f"""
            select runs.started_at, cast(deliveries._dlt_load_id as double precision) as copied_at, runs.finished_at
            from control.ingestion_runs as runs
            inner join raw_{source}.deliveries as deliveries on deliveries.delivery_id = runs.delivery_id
            where runs.source = :source and runs.status = 'loaded' and runs.started_at >= to_timestamp(:since)
        """  # noqa: S608 – the sources are ours
        with database.session(world.settings) as current:
            for row in current.execute(text(query), {"source": source, "since": since}):
                yield Interval(READ, row.started_at.timestamp(), row.copied_at)
                yield Interval(COPY, row.copied_at, row.finished_at.timestamp())


def _steps(world: World, since: float) -> Iterator[Interval]:
    import dagster as dg

    from orchestration.lib import names
    from orchestration.lib.instance import prepare_dagster_home

    home = prepare_dagster_home(world.settings)
    after = dg.RunsFilter(created_after=datetime.fromtimestamp(since, UTC))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for run in instance.get_runs(after):
            for step in instance.get_run_step_stats(run.run_id):
                assert step.start_time is not None, step.step_key
                assert step.end_time is not None, step.step_key
                if step.step_key.endswith(names.EXPECTATIONS_CHECK):
                    yield Interval(CHECKS, step.start_time, step.end_time)
                elif step.step_key == names.BUILD_OP:
                    yield from dbt_intervals(world, step.start_time)


def dbt_intervals(world: World, asked_at: float) -> Iterator[Interval]:
    """The last build by what dbt says of each node; its start-up is what lies before its first statement."""
    path = world.settings.paidmedia_home / "dbt" / "target" / "run_results.json"
    content = json.loads(path.read_text())
    began = _seconds(content["metadata"]["generated_at"]) - content["elapsed_time"]
    yield Interval(START_UP, asked_at, began)
    for result in content["results"]:
        kind = str(result["unique_id"]).partition(".")[0]
        is_publishing = kind == "operation" and "on-run-end" in result["unique_id"]
        stage = PUBLISH if is_publishing else TESTS if kind == "test" else MODELS
        for timing in result["timing"]:
            if timing["started_at"] and timing["completed_at"]:
                yield Interval(stage, _seconds(timing["started_at"]), _seconds(timing["completed_at"]))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


def _deliveries_of(world: World, source: str, client_id: str, when: date) -> int:
    """How often a day was delivered: the number of the next variant, whose bytes are new."""
    query = f"select count(*) from raw_{source}.delivery_days where client_id = :client and date = :day"  # noqa: S608
    with database.session(world.settings) as current:
        return int(current.scalar(text(query), {"client": client_id, "day": when}) or 0)
