"""Old months of the audit log: in a file to the last letter, and gone from the log; the rest stays."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from sandbox.s3 import s3_client, s3_server
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.retention import audit_trail
from warehouse.settings import Settings
from warehouse.storage import places
from warehouse.storage.bucket import Bucket

TODAY = date(2026, 11, 21)
ENTRIES = [
    ("2024-09-30 23:59:59.999999+00", "ana", '{"cpm": "12.5000", "note": "a \\"quoted\\",\\nbroken line"}'),
    ("2024-10-01 00:00:00+00", "", None),
    ("2024-10-31 12:00:00.5+00", "Zoë, agency", '{"rows": 3}'),
    ("2024-11-01 00:00:00+00", "ben", None),
]


@pytest.fixture(scope="module")
def entries(database_url: str) -> list[dict[str, Any]]:
    """Four entries of three months; the newest is not two years and a month old."""
    with database.session() as current:
        for occurred_at, actor, values in ENTRIES:
            current.execute(
                text(
                    "insert into control.audit_log (occurred_at, actor, action, entity, entity_id, new_values)"
                    " values (:occurred_at, :actor, 'set', 'cpm', 'acme', cast(:values as jsonb))"
                ),
                {"occurred_at": occurred_at, "actor": actor, "values": values},
            )
        rows = current.execute(text("select *, new_values::text as words from control.audit_log order by audit_id"))
        return [dict(row) for row in rows.mappings()]


def test_a_dry_run_leaves_the_audit_log(entries: list[dict[str, Any]], settings: Settings) -> None:
    found = list(audit_trail.expire(settings, TODAY, dry_run=True))
    assert [(each.what, each.count) for each in found] == [("audit_log 2024-09", 1), ("audit_log 2024-10", 2)]
    with database.session(settings) as current:
        assert current.scalar(text("select count(*) from control.audit_log")) == 4


def test_old_entries_are_in_a_file_and_no_longer_in_the_log(entries: list[dict[str, Any]], settings: Settings) -> None:
    list(audit_trail.expire(settings, TODAY, dry_run=False))
    files = sorted(Path(settings.archive, "audit_log").iterdir())
    kept = [row for path in files for row in pq.read_table(path).to_pylist()]
    assert [path.name[:7] for path in files] == ["2024-09", "2024-10"]
    for row, entry in zip(kept, entries[:3], strict=True):
        assert {**entry, "new_values": entry["words"]} == {**row, "words": row["new_values"]}
    with database.session(settings) as current:
        left = current.execute(text("select action, entity_id from control.audit_log order by audit_id")).all()
    assert [tuple(row) for row in left] == [("set", "acme"), ("archive", "2024-09"), ("archive", "2024-10")]
    assert list(audit_trail.expire(settings, TODAY, dry_run=False)) == []


def test_an_archive_in_a_bucket_holds_what_was_compared_or_nothing_is_dropped(
    entries: list[dict[str, Any]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.session(settings) as current:
        current.execute(
            text(
                "insert into control.audit_log (occurred_at, actor, action, entity, entity_id)"
                " values ('2024-08-01', 'ana', 'set', 'cpm', 'acme')"
            )
        )
    with s3_server() as endpoint:
        s3_client(endpoint).create_bucket(Bucket="cold")
        cold = settings.model_copy(update={"landing_archive": "s3://cold/archive", "aws_endpoint_url": endpoint})
        whole = Bucket.keep
        monkeypatch.setattr(Bucket, "keep", lambda self, draft, key: (cut(draft), whole(self, draft, key)))
        with pytest.raises(PaidMediaError, match=r"did not arrive as it was written; nothing is dropped"):
            list(audit_trail.expire(cold, TODAY, dry_run=False))
        monkeypatch.undo()
        assert [each.what for each in audit_trail.expire(cold, TODAY, dry_run=False)] == ["audit_log 2024-08"]
        (entry,) = places.archive(cold).entries()
        content = io.BytesIO(b"".join(places.archive(cold).read(entry.key)))
        assert [row["occurred_at"].day for row in pq.read_table(content).to_pylist()] == [1]
        assert list(cold.scratch.iterdir()) == []
    with database.session(settings) as current:
        kept = current.scalars(
            text("select new_values ->> 'file' from control.audit_log order by audit_id desc")
        ).first()
    assert kept == entry.key


def cut(draft: Path) -> None:
    """What a disk or a network that loses the end does."""
    draft.write_bytes(draft.read_bytes()[:-1])
