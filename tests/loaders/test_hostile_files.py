"""Every hostile or odd file ends as it should: read with its counts, set aside with a reason, refused in one line."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from loaders.errors import LoadRefused
from loaders.files.columns import SourceColumns
from loaders.files.reading import Reader, read_delivery
from tests.loaders.hostile_files import MAX_SIZE, HostileFile, all_files
from tests.loaders.hostile_workbooks import all_workbooks
from tests.sources import FACEBOOK, SURFSIDE, VIBE

SPECS: dict[str, SourceColumns] = {
    "surfside": replace(SURFSIDE, date_formats=("%m/%d/%Y",)),
    "no rules": SURFSIDE,
    "vibe": VIBE,
    "facebook": FACEBOOK,
}
LONGEST_SECONDS = 5.0
LONGEST_LINE = 1_000
FILES = [*all_files(), *all_workbooks()]


def test_the_corpus_is_large_and_every_title_is_its_own() -> None:
    titles = [(file.source, file.filename, file.title) for file in FILES]
    assert len(titles) >= 60
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.source}-{file.filename[-4:]}-{file.title}"[:80])
def test_a_hostile_file_ends_as_it_should(file: HostileFile, reader_of: Callable[..., Reader]) -> None:
    rules = {"campaign": "Always On"} if file.source == "surfside" else {}
    reader = reader_of(SPECS[file.source], rules=rules, max_size=MAX_SIZE)
    data = file.make()
    start = time.monotonic()
    if file.accepted is None:
        with pytest.raises(LoadRefused) as refused:
            read_delivery(data, file.filename, reader)
        line = str(refused.value)
        assert file.says in line
        assert len(line.splitlines()) == 1
        assert len(line) < LONGEST_LINE
        assert refused.value.fix
        assert named(file.filename) in line
    else:
        reading = read_delivery(data, file.filename, reader)
        reading.totals.check(file.filename)
        fates = reading.totals.rows
        assert (fates["accepted"], fates["rejected"], fates["dropped"]) == (file.accepted, file.rejected, file.dropped)
        assert len(reading.rows) == file.accepted
        if file.impressions is not None:
            assert reading.totals.accepted("impressions") == file.impressions
        said = [*reading.warnings, *(reject.reason for reject in reading.rejects)]
        assert any(file.says in each for each in said) if file.says else said == []
        assert all(len(each) < LONGEST_LINE for each in said)
    assert time.monotonic() - start < LONGEST_SECONDS


def named(filename: str) -> str:
    """The part of a file name that every message shows, however it quotes the rest."""
    return filename.replace("\\", "\0").split("\0")[0].split("\n")[0]
