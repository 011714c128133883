"""What a source is: one record from which everything else about it is derived.

Source → columns of its files · its transport · assets, schedule, freshness · suite · dbt models · `control.sources`

Only data and its validation belong here. How deliveries are fetched is the transports' (`loaders/transports/`), and a
source's own data is a file in `loaders/sources/`. Nothing heavy is imported: the command line reads the records for its
help.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from loaders.files.columns import LEVELS, MEASURES, Columns, SourceColumns
from warehouse.errors import PaidMediaError

if TYPE_CHECKING:
    from warehouse.control.sources import SourceRecord
    from warehouse.settings import Settings

FIELDS = ("date", *(f"{level}_name" for level in LEVELS), *MEASURES)
SEVERITIES = ("critical", "warning")
LEDGER_TABLES = ("deliveries", "delivery_days", "rejects", "_dlt_loads")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """A setting by the name that people write in `.env`, such as SURFSIDE_CRON, where a source's data is theirs."""

    setting: str


def value_of(value: "T | Setting", settings: "Settings") -> T:
    """A value of a source, or what the setting says that stands in its place. Raises `PaidMediaError`."""
    if not isinstance(value, Setting):
        return value
    name = value.setting.lower()
    if name not in type(settings).model_fields:
        raise PaidMediaError(f"there is no setting {value.setting}", fix="name one of .env.example, or write the value")
    found: T = getattr(settings, name)
    return found


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """Files in the bucket of S3_BUCKET_NAME, the newest object of a day in the client's folder.

    `file_pattern` holds `{date}` or `{date:%Y%m%d}`; `date_format` reads the day column where it is not ISO.
    """

    kind: ClassVar[str] = "object_store"
    client_settings: ClassVar[tuple[str, ...]] = ("prefix",)

    file_pattern: str | Setting
    date_format: str | Setting | None = None


@dataclass(frozen=True, kw_only=True)
class ReportApi:
    """Asynchronous reports: ask, poll, download, within an hourly budget of each account.

    `metrics` and `dimensions` are what a report is asked for; `status_path` may hold `{report_id}`.
    """

    kind: ClassVar[str] = "report_api"
    client_settings: ClassVar[tuple[str, ...]] = ()

    base_url: str | Setting
    create_path: str | Setting
    status_path: str | Setting
    auth_header: str | Setting
    advertiser_id: str | Setting | None
    api_key: Setting
    poll_seconds: float | Setting
    poll_attempts: int | Setting
    creates_per_hour: int | Setting
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Exports that people bring by hand. `formats` says which in their words: `by day, CSV or XLSX`."""

    kind: ClassVar[str] = "upload"
    client_settings: ClassVar[tuple[str, ...]] = ()

    formats: str


Transport = ObjectStore | ReportApi | Upload
TRANSPORTS: Mapping[str, type[Transport]] = {each.kind: each for each in (ObjectStore, ReportApi, Upload)}


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """What is expected of a row beyond what is expected of all. `equal` are pairs of columns, each with its reason."""

    unnamed: str
    unnamed_because: str
    equal: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source. Raises `PaidMediaError` for data that cannot be used.

    `position` is its place where sources are listed. `summary` says what it is in a sentence without its stop,
    `delivers` what one delivery is called; `origin` is its name in the graph of assets, with `origin_summary`. `cron`
    (UTC) is when the last `reread_days` are loaded, None for what people bring. `late_after_days` is how far the newest
    day may lie behind today, `fresh_hours` how old the last load may be. `set_up` is the command that makes a client
    ready, with SLUG and FOLDER in it.
    """

    name: str
    title: str
    row_table: str
    position: int
    summary: str
    delivers: str
    origin: str
    origin_summary: str
    transport: Transport
    columns: Columns
    late_after_days: int
    fresh_hours: int
    expectations: Expectations
    set_up: str
    cron: str | Setting | None = None
    reread_days: int | Setting = field(default_factory=lambda: Setting("REREAD_DAYS"))

    def __post_init__(self) -> None:
        """Say what is wrong by the name of the field."""
        if problems := list(_problems(self)):
            fix = f"mend loaders/sources/{self.name}.py"
            raise PaidMediaError(f"source {self.name!r} cannot be used", where="; ".join(problems), fix=fix)

    @property
    def spec(self) -> SourceColumns:
        """The columns of its files, with its name and its table."""
        return SourceColumns(source=self.name, table=self.row_table, **vars(self.columns))

    @property
    def is_loaded_by_day(self) -> bool:
        """Whether days of it can be asked for; what people bring comes when they bring it."""
        return not isinstance(self.transport, Upload)

    @property
    def accepts(self) -> str:
        """Which files people may bring, in words: `Facebook exports by day, CSV or XLSX`."""
        assert isinstance(self.transport, Upload)
        return f"{self.title} exports {self.transport.formats}"

    def set_up_for(self, client_id: str) -> str:
        """The command that makes a client ready."""
        return self.set_up.replace("SLUG", client_id).replace("FOLDER", f"{client_id}/")

    def record(self) -> "SourceRecord":
        """What other rooms are told of it, by `control.sources`."""
        from warehouse.control.sources import SourceRecord

        return SourceRecord(
            name=self.name, title=self.title, position=self.position, row_table=self.row_table,
            transport=self.transport.kind, client_settings=(*self.transport.client_settings, *LEVELS),
            late_after_days=self.late_after_days, set_up=self.set_up,
        )  # fmt: skip


def source_from(data: Mapping[str, Any]) -> Source:
    """A source from plain data, as YAML holds it: `transport` has a `kind`, a setting is `{setting: NAME}`.

    Raises `PaidMediaError` for a field that is unknown, missing or of no use.
    """
    try:
        given = {key: _plain(value) for key, value in data.items()}
        transport = dict(given["transport"])
        kind = transport.pop("kind")
        given["transport"] = TRANSPORTS[kind](**transport)
        given["columns"] = Columns(**given["columns"])
        given["expectations"] = Expectations(**given["expectations"])
        return Source(**given)
    except (KeyError, TypeError, ValueError) as error:
        where = f"{type(error).__name__}: {error}"
        raise PaidMediaError(f"source {data.get('name')!r} cannot be read", where=where, fix="mend its data") from error


def _plain(value: Any) -> Any:
    """Lists as tuples, `{setting: NAME}` as a `Setting`, however deep."""
    if isinstance(value, Mapping):
        if set(value) == {"setting"}:
            return Setting(value["setting"])
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_plain(each) for each in value)
    return value


def _problems(source: Source) -> "list[str]":
    """A line for each field that cannot be used."""
    found = [
        f"{name} {value!r} is not lower-case words joined by _"
        for name, value in (("name", source.name), ("row_table", source.row_table), ("origin", source.origin))
        if not _NAME.fullmatch(value)
    ]
    if source.row_table in LEDGER_TABLES:
        found.append(f"row_table {source.row_table!r} is a table of the ledger")
    texts = ("title", "summary", "delivers", "origin_summary", "set_up")
    found += [f"{name} is empty" for name in texts if not getattr(source, name).strip()]
    if strange := sorted({*source.columns.aliases, *source.columns.fallbacks} - set(FIELDS)):
        found.append(f"columns of unknown fields: {', '.join(strange)}")
    if missing := [name for name in source.columns.required if name not in source.columns.aliases]:
        found.append(f"required without a heading: {', '.join(missing)}")
    if "date" not in source.columns.required:
        found.append("date is not required")
    if source.late_after_days < 1 or source.fresh_hours < 1:
        found.append("late_after_days and fresh_hours are at least 1")
    if source.is_loaded_by_day and source.cron is None:
        found.append("cron is missing")
    if not source.is_loaded_by_day and source.cron is not None:
        found.append("cron says when, but people bring it")
    if source.expectations.unnamed not in SEVERITIES:
        found.append(f"expectations.unnamed is one of {', '.join(SEVERITIES)}")
    pairs = {name for left, right, _ in source.expectations.equal for name in (left, right)}
    if strange := sorted(pairs - set(FIELDS)):
        found.append(f"expectations of unknown fields: {', '.join(strange)}")
    return found
