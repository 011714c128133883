"""Files are read by their different cells, or cell by cell: the rows, rejects, totals and messages are the same."""

import csv
import io
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.errors import LoadRefused
from loaders.files import csv_blocks, extent, parsing, workbook
from loaders.files.cells import Irregular
from loaders.files.reading import Reader, Reading, read_delivery
from loaders.files.tabular import read_table
from tests.loaders import files
from tests.loaders.generated_files import DAYS, Generated, generated_files
from tests.loaders.hostile_files import MAX_SIZE, HostileFile
from tests.loaders.test_generated_files import SPECS, reader_of
from tests.loaders.test_hostile_files import FILES
from tests.loaders.test_hostile_files import SPECS as SPECS_OF_HOSTILE
from tests.sizes import cases, report

pytestmark = pytest.mark.torture

EXAMPLES = cases(300, 10_000, quick=40)
many = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
seen: Counter[str] = Counter()  # rows by how they were read, over the tests of this file
DAY = DAYS[0]


def outcome(data: bytes, filename: str, reader: Reader, *, is_careful: bool, **options: Any) -> object:
    """Everything that others see of a reading, or the refusal in its words."""
    try:
        reading = read_delivery(data, filename, reader, is_careful=is_careful, **options)
    except LoadRefused as error:
        return type(error), str(error)
    reading.totals.check(filename)
    count(reading, is_careful)
    rows = reading.rows.table()
    return rows.schema, rows.to_pylist(), reading.rejects, asdict(reading.totals), reading.days, reading.warnings


def count(reading: Reading, is_careful: bool) -> None:
    read = reading.totals.rows["read"]
    if is_careful:
        assert reading.careful_rows == read
    else:
        seen.update(files=1, quick=read - reading.careful_rows, careful=reading.careful_rows)


def check(data: bytes, filename: str, reader: Reader, **options: Any) -> None:
    quick = outcome(data, filename, reader, is_careful=False, **options)
    assert quick == outcome(data, filename, reader, is_careful=True, **options)


SHARES = st.sampled_from([0.05, 1.0])
REQUESTED = st.none() | st.lists(st.sampled_from(DAYS), unique=True, min_size=3).map(tuple)


@pytest.mark.parametrize("source", SPECS)
def test_generated_files_are_read_the_same(source: str) -> None:
    @many
    @given(generated_files(source), SHARES, REQUESTED)
    def same(file: Generated, share: float, requested: tuple[date, ...] | None) -> None:
        check(file.data, file.filename, reader_of(source, share), requested_days=requested)

    same()


@pytest.mark.heavy
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.source}-{file.filename[-4:]}-{file.title}"[:80])
def test_hostile_files_are_read_the_same(file: HostileFile) -> None:
    rules = {"campaign": "Always On"} if file.source == "surfside" else {}
    reader = Reader(SPECS_OF_HOSTILE[file.source], "acme", "USD", rules, MAX_SIZE, 0.05)
    check(file.make(), file.filename, reader)


PIECES = st.sampled_from([",", ",", '"', '""', "\n", "\r\n", "\r", "\n\n", " ", "a", "1", "é", "🌱", "\x1c", "\u2028"])


@many
@given(st.lists(PIECES, max_size=40).map("".join), st.integers(1, 40), st.booleans())
def test_whatever_pyarrow_would_read_otherwise_is_not_given_to_it(text: str, size: int, bom: bool) -> None:
    """Pieces of a few bytes have a border at every place of a file."""
    data = ("h,i\n" + text).encode("utf-8-sig" if bom else "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "PIECE", size)
        try:
            blocks = list(read_table(data, "a.csv", max_size=MAX_SIZE).blocks())
        except Irregular:
            seen["irregular texts"] += 1
            return
    seen["regular texts"] += 1
    by_python = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    expected = list(enumerate(by_python, start=1))[1:]
    found = [
        (int(number), [column.cells()[column.places[position]] for column in block.columns])
        for block in blocks
        for position, number in enumerate(block.row_numbers)
    ]
    assert found == expected


@pytest.mark.parametrize(
    "rows",
    [
        b'a,"b"c\n',
        b'a,b"c\n',
        b'"a,b\n',
        b'"a" ,b\n',
        b' "a",b\n',
        b"\na,b\n",
        b"a,b\n\n",
        b"a,b\r",
        b"a\n",
        b"a,b,c\n",
        b"a,\xff\n",
        b"a," + b"x" * (csv.field_size_limit() + 1) + b"\n",
    ],
)
def test_an_irregular_text_is_left_to_the_careful_reader(rows: bytes) -> None:
    with pytest.raises(Irregular):
        list(csv_blocks.read(b"h,i\n" + rows, 2))


def test_a_line_break_in_quotes_survives_every_border() -> None:
    """pyarrow's own blocks lose the line feed of a quoted CR LF at a border."""
    row = files.facebook_row(DAY)
    rows = [(*row[:3], f"one\r\ntwo {number}", *row[4:]) for number in range(200)]
    data = files.facebook(*rows).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "PIECE", 97)
        reading = read_delivery(data, "a.csv", reader_of("facebook"))
    assert reading.careful_rows == 0
    assert reading.rows.table().column("creative_name").to_pylist() == [f"one\r\ntwo {n}" for n in range(200)]


def test_only_what_is_odd_in_a_file_is_read_cell_by_cell() -> None:
    header = (*files.FACEBOOK, "campaign Name")
    rows = [[*files.facebook_row(DAY, n), "Spring"] for n in range(1_000)]
    rows[10][4] = "x"  # rejected
    rows[20][-1] = "Spring "  # the same but for a blank
    rows[30] = ["", "", "", "", 499_500 - 10 - 30, "", "", DAY, DAY, ""]  # the total
    rows[40] = [""] * len(header)
    reading = read_delivery(files.csv_bytes(header, rows), "a.csv", reader_of("facebook"))
    assert reading.careful_rows == 3
    assert reading.totals.rows == {"read": 999, "accepted": 997, "rejected": 1, "dropped": 1}
    numbers = reading.rows.table().column("source_row").to_pylist()
    assert numbers == [n for n in range(2, 1_002) if n not in (12, 32, 42)]
    check(files.csv_bytes(header, rows), "a.csv", reader_of("facebook"))


def test_a_total_row_that_states_its_period_is_found() -> None:
    """Without a column of days only its missing names tell it."""
    rows = [files.facebook_row(DAY)[1:], ("", "", "", 100, 3, "1.25", DAY, DAY)]
    data = files.csv_bytes(files.FACEBOOK[1:], rows)
    reading = read_delivery(data, "a.csv", reader_of("facebook"))
    assert reading.totals.rows == {"read": 2, "accepted": 1, "rejected": 0, "dropped": 1}
    check(data, "a.csv", reader_of("facebook"))


@many
@given(st.from_regex(r"[0-9]{1,14}(\.[0-9]{0,12})?", fullmatch=True))
def test_a_plain_number_is_the_one_that_it_is_with_a_sign(text: str) -> None:
    assert parsing.money(text, "USD") == parsing.money(f"+{text}", "USD")
    assert parsing.count(text) == parsing.count(f"+{text}")


PLACES = st.sampled_from(["A1", "B7", "XFD1048576", "AA20", "a3", "A", "7", "AAAA1", "A12345678", ""])
TAGS = st.one_of(
    PLACES.map(lambda place: f'<c r="{place}" s="1"><v>1</v></c>'),
    PLACES.map(lambda place: f'<row r="{place}" spans="1:2">'),
    st.sampled_from(
        ["<c>", "<c/>", "<c s='1' r='C3'>", "<x:c r='D4'>", "<x:row r='9'>", "<row>", "<row spans='' r='44'>"]
    ),
    st.sampled_from(['<cols><col min="1"/></cols>', "<is><t>a:c b</t></is>", "<f>A1</f>", "<x:f>A1</x:f>", "</row>"]),
)


@many
@given(st.lists(TAGS, max_size=6).map("".join))
def test_the_extent_of_a_plain_sheet_is_what_the_patterns_find(xml: str) -> None:
    found = extent.of_plain(xml.encode())
    if found is None:
        seen["other sheets"] += 1
        return
    seen["plain sheets"] += 1
    by_patterns = workbook._extent(xml.encode(), "a.xlsx")
    assert (found.columns, found.rows) == (by_patterns.columns, by_patterns.rows)
    assert found.has_formulas == (b"<f" in xml.encode())


def test_the_extent_of_cells_with_a_prefix_is_left_to_the_patterns() -> None:
    plain = b'<row r="7"><c r="AA3" s="1"><f>1</f></c></row>'
    assert extent.of_plain(plain) == extent.Extent(columns=27, rows=7, has_formulas=True)
    assert extent.of_plain(plain + b'<x:c r="ZZ9"></x:c>') is None


def test_a_cell_of_each_kind_of_a_workbook_is_read_the_same() -> None:
    """1, 1.0 and TRUE are equal in Python and three cells of a workbook."""
    odd = [1, 1.0, True, "1", 0, False, -0.0, 10**15, 1e15, 0.1 + 0.2, DAY, None, " ", "TRUE"]
    header = [*files.FACEBOOK, "Kind"]
    rows = [[*files.facebook_row(DAY), cell] for cell in odd]
    check(files.xlsx_bytes(header, rows), "a.xlsx", reader_of("facebook"))


def test_both_ways_were_met() -> None:
    if seen["files"] > 100:  # one test of this file may run alone
        assert min(seen["quick"], seen["careful"]) > 100
        report("files read in two ways", seen["files"], rows_quick=seen["quick"], rows_careful=seen["careful"], wrong=0)
    if seen["regular texts"] + seen["irregular texts"]:
        assert min(seen["regular texts"], seen["irregular texts"]) > EXAMPLES // 20
