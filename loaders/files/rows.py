"""The accepted rows of a file, kept out of memory: batches go to an unnamed temporary file and come back in batches.

A delivery of 50 MB is read, checked and written with one batch in memory. What a small file holds never reaches the
disk; what a large one leaves there is gone with the process, however it ends.
"""

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import ipc

IN_MEMORY = 8 * 2**20  # bytes, packed; nearly every daily file stays below
# Twice as quick to write as Parquet and four times to read, for up to three times the space.
PACKED = ipc.IpcWriteOptions(compression="zstd", use_threads=False)


class Rows:
    """Rows of one schema: written once batch by batch, then read as often as asked.

    `constants` are columns with one value throughout, known only when everything was read; they replace what was
    written.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.constants: dict[str, str | None] = {}
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, prefix="paidmedia-rows-")  # noqa: SIM115
        self._writer = ipc.new_file(self._file, schema, options=PACKED)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, batch: pa.Table) -> None:
        """Write a batch, which becomes one of those that `batches` gives back."""
        self._length += len(batch)
        self._writer.write_table(batch.cast(self.schema).combine_chunks())

    def finish(self) -> None:
        """Nothing more will be added."""
        self._writer.close()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows as they were added, at least one table, perhaps an empty one; all columns or those named."""
        self._file.seek(0)
        names = list(columns or self.schema.names)
        schema = pa.schema([self.schema.field(name) for name in names])
        wanted = [self.schema.get_field_index(name) for name in names]
        file = ipc.open_file(self._file, options=ipc.IpcReadOptions(included_fields=wanted, use_threads=False))
        for number in range(file.num_record_batches):
            table = pa.Table.from_batches([file.get_batch(number)])
            for name in set(names) & set(self.constants):
                values = pa.repeat(pa.scalar(self.constants[name], self.schema.field(name).type), len(table))
                table = table.set_column(table.schema.get_field_index(name), name, values)
            yield table.select(names).cast(schema)
        if not file.num_record_batches:
            yield schema.empty_table()

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All of it in memory."""
        return pa.concat_tables(self.batches(columns))
