"""Whatever a file of a source holds, it is refused in one line, or each row and each measure has one fate."""

import io
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.errors import LoadRefused
from loaders.files.reading import Reader, Reading, read_delivery
from tests.loaders.generated_files import DAYS, Generated, generated_files
from tests.loaders.hostile_workbooks import workbook
from tests.sizes import cases, report
from tests.sources import FACEBOOK, SURFSIDE, VIBE

pytestmark = pytest.mark.torture

EXAMPLES = cases(500, 10_000, quick=60)
SOURCES = ("surfside", "vibe", "facebook")
seen: Counter[tuple[str, str]] = Counter()  # (source, what), over the tests of this file
SPECS = {"surfside": replace(SURFSIDE, date_formats=("%m/%d/%Y",)), "vibe": VIBE, "facebook": FACEBOOK}
many = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def reader_of(source: str, max_reject_share: float = 0.05) -> Reader:
    rules = {"campaign": "Always On"} if source == "surfside" else {}
    return Reader(SPECS[source], "acme", "USD", rules, max_size=2**20, max_reject_share=max_reject_share)


def check(source: str, file: Generated, share: float, requested: tuple[date, ...] | None) -> None:
    fates = [file.fate(number, requested) for number in file.rows]
    rejected, dropped = fates.count("rejected"), fates.count("dropped")
    used = len(fates) - dropped
    must_refuse = dropped > 1 or (used == 0 and requested is None) or Decimal(rejected) > Decimal(str(share)) * used
    reading = read_or_refused(file.data, file.filename, reader_of(source, share), requested)
    assert isinstance(reading, LoadRefused) == must_refuse, str(reading)
    seen[source, "files"] += 1
    if isinstance(reading, LoadRefused):
        seen[source, "refused"] += 1
        return
    seen.update({(source, f"rows {fate}"): number for fate, number in Counter(fates).items()})
    assert reading.totals.rows == {
        "read": len(file.rows),
        "accepted": fates.count("accepted"),
        "rejected": rejected,
        "dropped": dropped,
    }
    check_rows(file, reading, requested)
    check_measures(file, reading, requested)


def check_rows(file: Generated, reading: Reading, requested: tuple[date, ...] | None) -> None:
    """The very rows have the fate that was expected, with the values that were written."""
    by_fate: dict[str, list[int]] = {"accepted": [], "rejected": [], "dropped": []}
    for number in file.rows:
        by_fate[file.fate(number, requested)].append(number)
    assert [row["source_row"] for row in reading.rows.table().to_pylist()] == by_fate["accepted"]
    assert [reject.source_row for reject in reading.rejects] == by_fate["rejected"]
    for row in reading.rows.table().to_pylist():
        cells = file.rows[row["source_row"]]
        assert row["date"] == cells["date"].value
        for measure in file.measures:
            assert row[measure] == cells[measure].value
        if file.filename.endswith(".csv"):
            assert row["creative_name"] == cells["creative_name"].value


def check_measures(file: Generated, reading: Reading, requested: tuple[date, ...] | None) -> None:
    """read = accepted + rejected + dropped for each measure, against sums of the drawn values."""
    for measure, found in reading.totals.measures.items():
        if measure not in file.measures:
            assert reading.totals.accepted(measure) is None
            continue
        expected = file.sums(measure, requested)
        assert found == expected | {"read": sum(expected.values())}
        assert sum((row[measure] for row in reading.rows.table().to_pylist()), Decimal(0)) == expected["accepted"]


def read_or_refused(
    data: bytes, filename: str, reader: Reader, requested: tuple[date, ...] | None = None
) -> Reading | LoadRefused:
    """A reading that adds up, or a refusal of one line that names the file; any other error is one of the loader."""
    try:
        reading = read_delivery(data, filename, reader, requested_days=requested)
    except LoadRefused as error:
        refused = error
    else:
        reading.totals.check(filename)
        return reading
    assert filename in str(refused)
    assert len(str(refused).splitlines()) == 1
    return refused


SHARES = st.sampled_from([0.05, 0.05, 1.0])


@many
@given(generated_files("surfside"), SHARES)
def test_every_row_and_measure_of_a_surfside_file_has_one_fate(file: Generated, share: float) -> None:
    check("surfside", file, share, None)


@many
@given(generated_files("vibe"), SHARES, st.none() | st.lists(st.sampled_from(DAYS), unique=True, min_size=3).map(tuple))
def test_every_row_and_measure_of_a_vibe_report_has_one_fate(
    file: Generated, share: float, requested: tuple[date, ...] | None
) -> None:
    check("vibe", file, share, requested)


@many
@given(generated_files("facebook"), SHARES)
def test_every_row_and_measure_of_a_facebook_export_has_one_fate(file: Generated, share: float) -> None:
    check("facebook", file, share, None)


@many
@given(st.binary(max_size=300), st.sampled_from(sorted(SPECS)), st.sampled_from(["a.csv", "a.xlsx"]))
def test_any_bytes_are_read_or_refused(data: bytes, source: str, filename: str) -> None:
    for content in (data, b"PK\x03\x04" + data, b"Day,Impressions\n" + data):
        seen["damaged", "files"] += 1
        with pytest.raises(LoadRefused):
            read_delivery(content, filename, reader_of(source))


GOOD = workbook({}, {"Impressions": 7})
with zipfile.ZipFile(io.BytesIO(GOOD)) as _archive:
    PARTS = {name: _archive.read(name) for name in _archive.namelist()}
SPLICES = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 9), st.binary(max_size=6)), min_size=1, max_size=3)


def spliced(data: bytes, splices: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, inserted in splices:
        start = place % (len(data) + 1)
        data = data[:start] + inserted + data[start + length :]
    return data


@many
@given(SPLICES)
def test_a_damaged_archive_is_read_or_refused(splices: list[tuple[int, int, bytes]]) -> None:
    seen["damaged", "files"] += 1
    read_or_refused(spliced(GOOD, splices), "export.xlsx", reader_of("facebook", 1.0))


@many
@given(st.sampled_from(sorted(PARTS)), SPLICES)
def test_a_workbook_with_a_damaged_part_is_read_or_refused(name: str, splices: list[tuple[int, int, bytes]]) -> None:
    seen["damaged", "files"] += 1
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part, content in PARTS.items():
            archive.writestr(part, spliced(content, splices) if part == name else content)
    read_or_refused(out.getvalue(), "export.xlsx", reader_of("facebook", 1.0))


def test_the_generated_files_met_every_fate() -> None:
    for source in SOURCES:
        kinds = {what: number for (of, what), number in sorted(seen.items()) if of == source}
        if kinds:  # one test of this file may run alone
            report(f"generated files, {source}", kinds.pop("files"), **kinds, wrong=0)
            assert set(kinds) >= {"refused", "rows accepted", "rows rejected"}, source
    if damaged := seen["damaged", "files"]:
        report("damaged files", damaged, unclear=0)
