"""Hostile and odd text files with what becomes of each. Bytes are made when asked for; workbooks: `hostile_workbooks`.

Every file has one good day of one good row unless it says otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.loaders import files

DAY = date(2025, 11, 4)
NEXT = DAY + timedelta(days=1)
MAX_SIZE = 4 * 2**20
HEADINGS = {"surfside": files.SURFSIDE, "vibe": files.VIBE, "facebook": files.FACEBOOK}
Make = Callable[[], bytes]


@dataclass(frozen=True)
class HostileFile:
    """A file and its outcome. `accepted` None: refused. `says` is in the refusal, a reject's reason or a warning."""

    title: str
    source: str
    make: Make
    accepted: int | None
    says: str = ""
    rejected: int = 0
    dropped: int = 0
    impressions: int | None = None
    filename: str = "export.csv"


def refused(title: str, source: str, make: Make, says: str, filename: str = "export.csv") -> HostileFile:
    """A file of which nothing is loaded."""
    return HostileFile(title, source, make, None, says, filename=filename)


def good_row(source: str) -> dict[str, object]:
    """A row of 100 impressions, by heading."""
    row = {
        "surfside": files.surfside_row(DAY),
        "vibe": files.vibe_row(DAY, "100.0"),
        "facebook": files.facebook_row(DAY),
    }[source]
    return dict(zip(HEADINGS[source], row, strict=True))


def text_file(source: str, *changes: dict[str, object], good: int = 0, without: Sequence[str] = ()) -> bytes:
    """A CSV of `good` good rows and one per change: heading → cell. A new heading becomes a column."""
    header, rows = cells_of(source, *changes, good=good, without=without)
    return files.csv_bytes(header, rows)


def cells_of(
    source: str, *changes: dict[str, object], good: int = 0, without: Sequence[str] = ()
) -> tuple[list[str], list[list[object]]]:
    """The heading and the rows of `text_file`."""
    rows = [good_row(source)] * good + [good_row(source) | change for change in changes]
    header = list(dict.fromkeys([*HEADINGS[source], *(heading for change in changes for heading in change)]))
    header = [heading for heading in header if heading not in without]
    return header, [[row.get(heading, "") for heading in header] for row in rows]


def renamed(source: str, **headings: str) -> Make:
    """A good row under other headings; `_` stands for a blank."""
    new = {old.replace("_", " "): heading for old, heading in headings.items()}
    header = [new.get(heading, heading) for heading in HEADINGS[source]]
    return lambda: files.csv_bytes(header, [list(good_row(source).values())])


def all_files() -> Iterator[HostileFile]:
    """Every text file."""
    yield from opened()
    yield from not_opened()
    yield from bad_cells()
    yield from odd_cells()
    yield from of_facebook()


def opened() -> Iterator[HostileFile]:
    """Odd encodings and layouts that are read."""

    def odd(title: str, make: Make, source: str = "facebook", rows: int = 1) -> HostileFile:
        return HostileFile(title, source, make, rows, impressions=100 * rows)

    text = text_file("facebook", {"Ad name": "Grün 🌱"}).decode()
    surfside = text_file("surfside", {}).decode()
    yield odd("UTF-8 with a BOM", lambda: text.encode("utf-8-sig"))
    yield odd("UTF-16 little-endian with a BOM", lambda: b"\xff\xfe" + text.encode("utf-16-le"))
    yield odd("UTF-16 big-endian with a BOM", lambda: b"\xfe\xff" + text.encode("utf-16-be"))
    yield odd("CRLF line ends", lambda: text.replace("\n", "\r\n").encode())
    yield odd("CR line ends", lambda: text.replace("\n", "\r").encode())
    yield odd("no line end at the end", lambda: text.rstrip().encode())
    yield odd("blank lines around and between", lambda: text.replace("\n", "\n\n ,  \n").encode())
    yield odd("an upper-case extension", lambda: text.encode())
    yield odd("quoted newlines", lambda: text_file("facebook", {"Ad name": "one\ntwo\r\nthree", "Text": "a\n\nb"}))
    yield odd("quotes and commas", lambda: text_file("facebook", {"Ad name": 'say "yes", twice'}))
    yield odd("a tab inside a name", lambda: text_file("surfside", {"Placement Name": "a\tb"}), "surfside")
    yield odd(
        "headings padded with blanks", lambda: surfside.replace("Impressions", "  Impressions  ").encode(), "surfside"
    )
    yield odd(
        "a no-break space in a heading", lambda: surfside.replace("Event Date", "Event\u00a0Date").encode(), "surfside"
    )
    yield odd("headings in capitals", lambda: surfside.replace("Impressions", "IMPRESSIONS").encode(), "surfside")
    yield odd("geo cells that hold commas", lambda: text_file("vibe", {"geo_city": "Reno, NV, US"}), "vibe")
    yield odd("counts as floats", lambda: text_file("vibe", {"number_of_purchases": "3.0"}), "vibe")
    yield odd("a name of 100,000 characters", lambda: text_file("facebook", {"Ad name": "x" * 100_000}))
    yield odd("names that look like code", lambda: text_file("facebook", {"Ad name": "'; drop table clients; --"}))
    yield odd("a name that begins as a formula", lambda: text_file("facebook", {"Ad name": "=HYPERLINK(1)"}))
    yield odd("control characters in a name", lambda: text_file("facebook", {"Ad name": "a\x01\x1b[31m\x7f"}))
    yield odd("a blank name among others", lambda: text_file("facebook", {"Ad name": ""}))
    yield odd("900 columns of one heading", lambda: wide("Text", 900))
    yield odd("20,001 rows, more than a batch", lambda: text_file("facebook", {}, good=20_000), rows=20_001)


def wide(heading: str, count: int) -> bytes:
    """A good row with further columns."""
    header, rows = cells_of("facebook", {})
    return files.csv_bytes([*header, *[heading] * count], [[*rows[0], *["x"] * count]])


def not_opened() -> Iterator[HostileFile]:
    """What is no CSV file, or not one that may be opened."""
    good = text_file("facebook", {})
    text = good.decode()
    for title, make, says in (
        ("no bytes", lambda: b"", "is empty"),
        ("blank lines only", lambda: b"\r\n \n , ,\n", "is empty"),
        ("a BOM only", lambda: b"\xef\xbb\xbf", "is empty"),
        ("a heading only", lambda: text_file("facebook"), "has no rows"),
        ("a heading and blank rows", lambda: text_file("facebook") + b",,,,,,,,\n" * 9, "has no rows"),
        ("latin-1", lambda: text.replace("Spring", "Frühling").encode("latin-1"), "is not UTF-8 (line 2)"),
        ("UTF-16 without a BOM", lambda: text.encode("utf-16-le"), "holds a NUL byte (line 1)"),
        ("UTF-16 cut in the middle", lambda: text.encode("utf-16")[:-1], "not readable as UTF-16"),
        ("UTF-32", lambda: text.encode("utf-32"), "NUL byte"),
        ("a NUL byte", lambda: good + b"\0\n", "holds a NUL byte (line 3)"),
        ("a row too long", lambda: good + good.splitlines()[1] + b",1\n", "row 3 has 10 cells, the heading has 9"),
        ("a row too short", lambda: good + b"2025-11-04,a\n", "row 3 has 2 cells"),
        ("a short row after quoted newlines", lambda: text_file("facebook", {"Ad name": "a\nb"}) + b"x\n", "(line 4)"),
        ("a quote never closed", lambda: good + b'"2025', "is no valid CSV (line 3"),
        ("text after a closing quote", lambda: good + b'"a"b,,,,,,,,\n', "is no valid CSV (line 3"),
        ("a cell of 200,000 characters", lambda: text_file("facebook", {"Text": "x" * 200_000}), "field larger than"),
        ("semicolons", lambda: text.replace(",", ";").encode(), "is not separated by commas"),
        ("tabs in UTF-16, as Excel's Unicode text", lambda: text.replace(",", "\t").encode("utf-16"), "by commas"),
        ("a line for Excel before the heading", lambda: b"sep=,\n" + good, "has no column for"),
        ("a web page", lambda: b"\n<!doctype html><html><body>Sign in", "is a web page"),
        ("XML", lambda: b'\xef\xbb\xbf<?xml version="1.0"?><Error/>', "is a web page"),
        ("JSON", lambda: b'{"error": {"message": "expired"}}', "has no column for"),
        ("random bytes", lambda: bytes(range(1, 256)) * 40, "is not UTF-8"),
        ("a PDF", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is not UTF-8"),
        ("a million columns", lambda: b"," .join([b"a"] * 1_000_000) + b"\n", "has 1,000,000 columns"),
        ("a heading of 100,000 characters", lambda: b"x" * 100_000 + b",y\n1,2\n", "has no column for"),
        ("more bytes than are allowed", lambda: b"a,b\n" * (MAX_SIZE // 4 + 1), "is too large (4.0 MB"),
        ("a workbook named .csv", lambda: b"PK\x03\x04rest", "is a workbook, not CSV"),
        ("an old workbook named .csv", lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"x", "is a workbook, not CSV"),
    ):  # fmt: skip
        yield refused(title, "facebook", make, says)
    for filename, says in (
        ("../../etc/passwd.csv", "holds a path"),
        ("/etc/export.csv", "holds a path"),
        ("C:\\exports\\export.csv", "holds a path"),
        ("export\0.csv", "holds a path"),
        ("..", "holds a path"),
        ("export", "neither CSV nor XLSX"),
        ("export.csv.exe", "neither CSV nor XLSX"),
        ("export.xls", "neither CSV nor XLSX"),
        ("export\n.pdf", "neither CSV nor XLSX"),
    ):
        yield refused(f"the name {filename!r}", "facebook", lambda: good, says, filename)


def bad_cells() -> Iterator[HostileFile]:
    """One row of 31 that cannot be used."""
    for source, heading, cell, says in (
        ("surfside", "Impressions", "-1", "negative"),
        ("surfside", "Clicks", "(3)", "negative"),
        ("surfside", " Media Spend ", " $ (4.76)", "not a number"),
        ("surfside", " Media Spend ", "-$4.76", "negative"),
        ("surfside", "Conversions", "#DIV/0!", "an error of Excel in place of a number"),
        ("surfside", "Impressions", "1.234,5", "not a number"),
        ("surfside", "Event Date", "13/13/2025", "not a date (expected %m/%d/%Y"),
        ("surfside", "Event Date", "25.11.2025", "not a date"),
        ("surfside", "Event Date", "45965", "not a date"),
        ("surfside", "Event Date", "", "the date is missing"),
        ("surfside", "Event Date", "Grand Total", "not a date"),
        ("surfside", "Creative Name", "#REF!", "an error of Excel in place of a name"),
        ("vibe", "impressions", "4.5", "fractional count"),
        ("vibe", "impressions", "NaN", "not a number"),
        ("vibe", "spend", "inf", "not a number"),
        ("vibe", "spend", "1e400", "not a usable number"),
        ("vibe", "amount_of_purchases", "9" * 16, "too large"),
        ("vibe", "impressions", "9999999999999", "too large for a count"),
        ("vibe", "impression_date", "2025-02-30", "no such date"),
        ("vibe", "impression_date", "11/4/2025", "not a date (expected %Y-%m-%d)"),
        ("facebook", "Link clicks", "null", "not a number"),
        ("facebook", "Amount spent (USD)", "€ 4.76", "an amount in EUR, the client bills in USD"),
        ("facebook", "Impressions", "１２", "not a number"),
    ):
        change: dict[str, object] = {heading: cell}
        yield HostileFile(
            f"{heading.strip()} = {cell!r}",
            source,
            lambda source=source, change=change: text_file(source, change, good=30),  # type: ignore[misc]
            30,
            says,
            rejected=1,
            impressions=3_000,
        )
    for bad, good in ((1, 0), (1, 18), (2, 37), (40, 0)):
        yield refused(
            f"{bad} of {bad + good} rows bad, more than 5 %",
            "surfside",
            lambda bad=bad, good=good: text_file("surfside", *[{"Impressions": "x" * 9_000}] * bad, good=good),  # type: ignore[misc]
            f"{bad} of {bad + good} rows of export.csv cannot be used (first row {good + 2}, Impressions = 'xxx",
        )
    yield HostileFile(
        "one of 20 rows bad, 5 %",
        "surfside",
        lambda: text_file("surfside", {"Clicks": "?"}, good=19),
        19,
        "not a number",
        rejected=1,
    )


def odd_cells() -> Iterator[HostileFile]:
    """Cells and relations that are odd, but true."""
    for source, change in (
        ("surfside", {" Media Spend ": " $ -   "}),
        ("surfside", {" Media Spend ": " $ 6,250.00 "}),
        ("surfside", {" Media Spend ": "0.30000000000000004", "Conversion Value": "1.0E-5"}),
        ("surfside", {"Clicks": " ", "Conversions": "-", "Conversion Value": ""}),
        ("surfside", {"Event Date": "2025-11-04"}),
        ("surfside", {"Event Date": " 11/04/2025 "}),
        ("surfside", {"Clicks": "200", "Conversions": "300", "Conversion Value": "0.123456789"}),
        ("surfside", {"Impressions": "100.0", "ROAS": "#DIV/0!"}),
        ("vibe", {"impression_date": "2025-11-04T00:00:00.000Z"}),
        ("vibe", {"spend": "1e-05", "amount_of_purchases": "+3"}),
    ):
        yield HostileFile(
            f"{source}: {change}",
            source,
            lambda source=source, change=change: text_file(source, change),  # type: ignore[misc]
            1,
            impressions=100,
        )
    conversions_only = {"Impressions": "0", "Conversions": "3"}
    yield HostileFile("conversions with 0 impressions", "surfside", lambda: text_file("surfside", conversions_only), 1)
    no_spend = lambda: text_file("surfside", {}, without=[" Media Spend "])  # noqa: E731
    yield HostileFile("no column for spend", "surfside", no_spend, 1, "no column for reported spend: left empty")
    yield refused("no campaign and no rule", "no rules", lambda: text_file("surfside", {}), "paidmedia client set acme")
    asked = renamed("surfside", Event_Date="Date", Strategy_Name="Strategy", Conversion_Value="Conversion Revenue")
    yield HostileFile("the headings that were asked for", "surfside", asked, 1, impressions=100)
    other = {"Impressions ": "101"}
    yield refused(
        "a doubled heading of two minds", "surfside", lambda: text_file("surfside", other), "different values"
    )
    yield HostileFile(
        "a doubled heading of one mind", "surfside", lambda: text_file("surfside", {"Impressions ": 100}), 1
    )


def of_facebook() -> Iterator[HostileFile]:
    """What only exports of Facebook have: totals, periods, currencies, result types, languages."""
    period: dict[str, object] = {"Reporting ends": NEXT}
    blank: dict[str, object] = {"Day": "", "Campaign name": "", "Ad set name": "", "Ad name": ""}
    twice = blank | {"Impressions": 200, "Link clicks": 6, "Amount spent (USD)": "2.50"}
    says = "the total row differs from the sum of the rows: impressions 119,924 against 200"

    def total(title: str, *rows: dict[str, object], says: str = "") -> HostileFile:
        make = lambda: text_file("facebook", *rows)  # noqa: E731
        return HostileFile(title, "facebook", make, len(rows) - 1, says, dropped=1, impressions=100 * (len(rows) - 1))

    yield total("a total row first", twice, {}, {})
    yield total("a total row last", {}, {}, twice)
    yield total("a total row in the middle", {}, twice, {})
    yield total("a total row that differs", twice | {"Impressions": "119924"}, {}, {}, says=says)
    yield total("a total row with an error", twice | {"Reach": "#N/A"} | period, {}, {})
    for title, rows, without, says in (
        ("two total rows", [twice, {}, {}, twice], [], "has two total rows (rows 2 and 5)"),
        ("a total row only", [twice], [], "has no rows besides the total"),
        ("a period in one row", [period], ["Day"], "adds several days up in one row (row 2 runs from 2025-11-04 to"),
        ("a period in one row of two", [{}, period], ["Day"], "row 3 runs from"),
        ("no day and no period", [{}], ["Day", "Reporting starts", "Reporting ends"], "has no column for date"),
        ("a start without an end", [{}], ["Day", "Reporting ends"], "has no day"),
        ("no names", [{}], ["Campaign name", "Ad set name", "Ad name"], "has no column for campaign"),
        ("other names twice", [{"Campaign Name": "Autumn"}], [], "'Spring' and 'Autumn'"),
        ("results of two minds", [{"Results": 1, "results": 2, "Result type": "Purchase"}], [], "different values"),
        ("two currencies in headings", [{"Amount spent (EUR)": "1"}], [], "mixes currencies (EUR, USD)"),
        ("a currency against the heading", [{"Currency": "EUR"}], [], "mixes currencies (EUR, USD)"),
        ("a currency for each row", [{"Currency": f"C{n}"} for n in range(900)], [], "mixes currencies (C0, C1, C10"),
        ("a currency that is not the client's", [{"Amount spent (CAD)": 1}], ["Amount spent (USD)"], "amounts in CAD"),
        ("an unknown currency", [{"Amount spent (Bitcoin)": 1}], ["Amount spent (USD)"], "unknown currency 'Bitcoin'"),
        ("no currency", [{"Amount spent": 1}], ["Amount spent (USD)"], "does not say in which currency"),
        ("all clicks in place of link clicks", [{"Clicks (all)": 3}], ["Link clicks"], "has no column for clicks"),
    ):  # fmt: skip
        make = lambda rows=rows, without=without: text_file("facebook", *rows, without=without)  # type: ignore[misc]  # noqa: E731
        yield refused(title, "facebook", make, says)
    german = renamed("facebook", Day="Tag", Campaign_name="Kampagnenname", Impressions="Impressionen")
    yield refused("German headings", "facebook", german, "found: Tag, Kampagnenname")
    japanese = renamed("facebook", Day="日", Impressions="インプレッション")
    yield refused("Japanese headings", "facebook", japanese, "export in English")
    day_by_period = lambda: text_file("facebook", {}, without=["Day"])  # noqa: E731
    yield HostileFile("a period of one day", "facebook", day_by_period, 1, impressions=100)
    beside = lambda: text_file("facebook", {"Clicks (all)": 99})  # noqa: E731
    yield HostileFile("all clicks beside link clicks", "facebook", beside, 1)
    regions = lambda: text_file("facebook", {"Region": "Ohio", "Reach": 9}, {"Region": "Utah", "Reach": 9})  # noqa: E731
    yield HostileFile("a breakdown by region", "facebook", regions, 2, impressions=200)
    kinds = lambda: text_file("facebook", *({"Results": 5, "Result type": f"kind {n} {'x' * 900}"} for n in range(50)))  # noqa: E731
    yield HostileFile("results of 50 kinds", "facebook", kinds, 50, "counts several kinds of results")
