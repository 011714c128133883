"""A delivered file with its rejected rows marked, to be corrected and delivered again as a whole.

`landing zone → cells → the same cells and two more columns → CSV`

The newest delivery of a day replaces that day whole, so a file of the corrected rows alone would erase the others.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from loaders.errors import LoadFailed
from loaders.files.cells import Cell, Table
from loaders.files.columns import normalized
from loaders.files.tabular import read_table
from warehouse.deliveries import landing
from warehouse.deliveries.rejects import Reject, RejectingDelivery
from warehouse.settings import Settings

# Headings that no source knows: what stands below them is kept with the row, unmapped, and means nothing.
MARKS = ("Rejected column", "Rejected because")


def marked_file(settings: Settings, delivery: RejectingDelivery, rejects: Sequence[Reject]) -> bytes:
    """The delivered file as CSV (UTF-8 with a BOM), every cell as it was delivered, every row in the line that it had.

    Two more columns say of a rejected row which cell is wrong and why; those of an earlier correction are left out. A
    cell that a spreadsheet takes for a formula stays one: with an apostrophe it would come back as another name. Raises
    `StorageFailed` where the landing zone does not hold what was delivered.
    """
    data = landing.read(settings, delivery.landed_path, delivery.sha256)
    table = read_table(data, delivery.filename, max_size=len(data))
    kept = [index for index, heading in enumerate(table.header) if normalized(heading) not in _IGNORED]
    marks = {reject.source_row: (reject.column_name, reject.reason) for reject in rejects}
    out = io.BytesIO()
    with io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True) as stream:
        writer = csv.writer(stream)
        writer.writerow([*(table.header[index] for index in kept), *MARKS])
        line = 1
        for number, row in _numbered(table):
            writer.writerows([()] * (number - line - 1))
            writer.writerow([*(_text(row[index]) for index in kept), *marks.pop(number, ("", ""))])
            line = number
        written = out.getvalue()
    if marks:
        raise LoadFailed(f"{delivery.filename} has no row {min(marks)}", where=delivery.landed_path, fix=_REPORT)
    return written


_IGNORED = frozenset(normalized(mark) for mark in MARKS)
_REPORT = "this is a defect of the loader: report it"


def _numbered(table: Table) -> Iterator[tuple[int, Sequence[Cell]]]:
    for batch in table.batches():
        yield from zip(batch.row_numbers, zip(*batch.columns, strict=True), strict=True)


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.isoformat()
