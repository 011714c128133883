"""The peer: the ETL of a hand-written dashboard backend, with pandas and SQLAlchemy, batched and cached.

file → pandas → staging table → summed to the grain → find or create campaign, strategy, placement, creative
→ upsert of the daily metrics

It is meant to be a decent one: inserts go in batches of thousands of rows, an entity is looked up once and then known,
new ones are created by the batch, and rows are summed before they are written. It makes fewer tables than the
warehouse: no summaries, no checks, no ledger, no spend.

    python -m benchmarks.peers.etl MARKS DATABASE_URL FOLDER
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    ForeignKey,
    Identity,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert

SCHEMA = "bench_peer"
BATCH = 5_000
LEVELS = ("campaign", "strategy", "placement", "creative")
COUNTS = ["impressions", "clicks", "conversions"]
AMOUNTS = ["revenue", "spend"]

metadata = MetaData(schema=SCHEMA)
entities: dict[str, Table] = {}
for _level, _above in zip(LEVELS, (None, *LEVELS), strict=False):
    _parent: Column[Any] = Column("parent", String, nullable=False)  # a campaign's is its client and source
    if _above is not None:
        _parent = Column("parent", BigInteger, ForeignKey(f"{SCHEMA}.{_above}.id"), nullable=False)
    entities[_level] = Table(
        _level,
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        _parent,
        Column("name", String, nullable=False),
        UniqueConstraint("parent", "name"),
    )
staging = Table(
    "staging",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("file", String, nullable=False, index=True),
    Column("client", String, nullable=False),
    Column("source", String, nullable=False),
    Column("date", Date, nullable=False),
    *(Column(level, String, nullable=False) for level in LEVELS),
    *(Column(name, BigInteger) for name in COUNTS),
    *(Column(name, Numeric(18, 2)) for name in AMOUNTS),
)
metrics = Table(
    "daily_metrics",
    metadata,
    Column("date", Date, primary_key=True),
    Column("creative_id", BigInteger, ForeignKey(entities["creative"].c.id), primary_key=True),
    Column("client", String, nullable=False, index=True),
    Column("source", String, nullable=False),
    *(Column(name, BigInteger) for name in COUNTS),
    *(Column(name, Numeric(18, 2)) for name in AMOUNTS),
)

# By source: heading → column.
HEADINGS = {
    "surfside": {
        "Event Date": "date", "Strategy Name": "strategy", "Placement Name": "placement", "Creative Name": "creative",
        "Impressions": "impressions", "Clicks": "clicks", "Conversions": "conversions", "Conversion Value": "revenue",
        " Media Spend ": "spend",
    },
    "vibe": {
        "impression_date": "date", "campaign_name": "campaign", "strategy_name": "strategy",
        "channel_name": "placement", "creative_name": "creative", "impressions": "impressions",
        "number_of_purchases": "conversions", "amount_of_purchases": "revenue", "spend": "spend",
    },
    "facebook": {
        "Day": "date", "Campaign Name": "campaign", "Ad Set Name": "strategy", "Ad Name": "creative",
        "Impressions": "impressions", "Link clicks": "clicks", "Purchases": "conversions",
        "Purchases conversion value": "revenue", "Amount spent (USD)": "spend",
    },
}  # fmt: skip


def batched(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """The rows by the batch."""
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def read(path: Path, source: str, client: str) -> pd.DataFrame:
    """A file as staging rows."""
    wanted = HEADINGS[source]
    frame = pd.read_csv(path, usecols=list(wanted)).rename(columns=wanted)
    frame = frame[frame["creative"].notna()]  # Facebook's grand total
    if frame["spend"].dtype == object or str(frame["spend"].dtype).startswith("str"):
        cleaned = frame["spend"].str.replace("[$ ,]", "", regex=True).replace("-", "0")
        frame["spend"] = cleaned.astype(float)
    frame["date"] = pd.to_datetime(frame["date"]).dt.date
    frame["file"], frame["client"], frame["source"] = path.name, client, source
    if "campaign" not in frame:
        frame["campaign"] = "Always On"
    if "placement" not in frame:
        frame["placement"] = frame["creative"]
    for name in COUNTS:
        frame[name] = frame[name].astype("int64") if name in frame else None
    return frame


def stage(connection: Connection, frame: pd.DataFrame) -> None:
    """Write the rows of a file to the staging table, by the batch."""
    names = [column.name for column in staging.columns if column.name != "id"]
    for rows in batched(frame[names].itertuples(index=False, name=None)):
        connection.execute(insert(staging), [dict(zip(names, row, strict=True)) for row in rows])


def summed(connection: Connection, file: str) -> pd.DataFrame:
    """The staged rows of a file, summed to client, source, date and the four levels."""
    frame = pd.read_sql(select(staging).where(staging.c.file == file), connection)
    frame = frame.astype(dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(AMOUNTS, "float64"))
    grouped = frame.groupby(["client", "source", "date", *LEVELS], as_index=False)
    sums = grouped[COUNTS + AMOUNTS].sum(min_count=1)
    sums[AMOUNTS] = sums[AMOUNTS].round(2)
    return sums


class Entities:
    """The ids of campaigns, strategies, placements and creatives by parent and name; new ones are created."""

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[Any, str], int]] = {level: {} for level in LEVELS}

    def ids(self, connection: Connection, level: str, wanted: Sequence[tuple[Any, str]]) -> list[int]:
        """The id of each (parent, name)."""
        known, table = self._known[level], entities[level]
        for new in batched(dict.fromkeys(key for key in wanted if key not in known)):
            rows = [{"parent": parent, "name": name} for parent, name in new]
            # An update of nothing: so that those that are there come back as well.
            statement = insert(table)
            statement = statement.on_conflict_do_update(
                index_elements=["parent", "name"], set_={"name": statement.excluded.name}
            )
            found = connection.execute(statement.returning(table.c.parent, table.c.name, table.c.id), rows)
            known.update({(row.parent, row.name): row.id for row in found})
        return [known[key] for key in wanted]


def upsert(connection: Connection, frame: pd.DataFrame, known: Entities) -> None:
    """Write the day of a file into the daily metrics, by the batch."""
    parents: Sequence[Any] = (frame["client"] + "/" + frame["source"]).tolist()
    for level in LEVELS:
        parents = known.ids(connection, level, list(zip(parents, frame[level], strict=True)))
    rows = frame[["date", "client", "source", *COUNTS, *AMOUNTS]].assign(creative_id=parents)
    rows = rows.astype(object).where(rows.notna(), None)
    statement = insert(metrics)
    new = {name: statement.excluded[name] for name in (*COUNTS, *AMOUNTS)}
    statement = statement.on_conflict_do_update(index_elements=["date", "creative_id"], set_=new)
    for batch in batched(rows.to_dict("records")):
        connection.execute(statement, batch)


def files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """The files of a day with their source and client: `vibe-client-01-0.csv`, as first delivered."""
    for path in sorted(folder.glob("*-0.csv")):
        source, _, rest = path.stem.partition("-")
        yield path, source, rest.removesuffix("-0")


def main() -> None:
    """Bring every file of a folder into the peer's tables, which are made anew."""
    marks, url, folder = Path(sys.argv[1]), make_url(sys.argv[2]), Path(sys.argv[3])
    engine = create_engine(url.set(drivername="postgresql+psycopg2"), insertmanyvalues_page_size=BATCH)
    with engine.begin() as connection:
        connection.execute(text(f"drop schema if exists {SCHEMA} cascade"))
        connection.execute(text(f"create schema {SCHEMA}"))
        metadata.create_all(connection)
    marks.write_text(str(time.time()))
    known = Entities()
    for path, source, client in files(folder):
        with engine.begin() as connection:
            stage(connection, read(path, source, client))
            upsert(connection, summed(connection, path.name), known)


if __name__ == "__main__":
    main()
