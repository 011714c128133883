"""Headings → fields: which column of a file is which, by alias data and by a client's own rules.

Headings are compared after trimming, collapsing white space, Unicode NFC and case folding: platforms change the case
of a heading between exports ("Campaign Name", "Campaign name") and never mean something else by it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from loaders.errors import LoadRefused
from loaders.files.cells import brief, listed

LEVELS = ("campaign", "strategy", "placement", "creative")
COUNTS = ("impressions", "clicks", "conversions")
MONEY = ("conversion_revenue", "reported_spend")
MEASURES = COUNTS + MONEY
READER_VERSION = 2  # raise when the same bytes would be read differently, so that they are read again


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The alias data of one source. Headings of one field are synonyms: where several occur, they must agree.

    `fallbacks` are used only where no alias is found. `one_kind_only` names, for a fallback heading, the headings of
    which one must hold a single value in all rows ("Results" counts whatever the campaign aims at).
    """

    aliases: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    export_hint: str
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expected_absent: tuple[str, ...] = ()
    one_kind_only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    period_end: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    has_total_row: bool = False
    date_formats: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceColumns(Columns):
    """The same with the source that they are of and the table of its rows."""

    source: str
    table: str

    @property
    def states_currency(self) -> bool:
        """Whether this source says in which currency its amounts are."""
        return bool(self.currency)


@dataclass(frozen=True)
class Mapped:
    """How one file is read. Indices count columns from 0; a field without a column has no entry in `columns`."""

    columns: Mapping[str, tuple[int, ...]]
    constants: Mapping[str, str]
    period_end: int | None
    currency_column: int | None
    heading_currency: str | None
    unmapped: tuple[tuple[int, str], ...]
    keys: tuple[str, ...]
    kind_column: int | None = None
    fallbacks: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

    def is_fallback(self, name: str) -> bool:
        """Whether a field is read from a heading of second choice."""
        return name in self.fallbacks

    def without(self, name: str, warning: str) -> "Mapped":
        """The same, with the field left empty and its column kept unmapped."""
        kept = {(index, self.keys[index]) for index in self.columns[name]}
        columns = {key: value for key, value in self.columns.items() if key != name}
        unmapped = tuple(sorted({*self.unmapped, *kept}))
        changed = {"columns": columns, "unmapped": unmapped, "warnings": (*self.warnings, warning)}
        return Mapped(**{**self.__dict__, **changed})


def fingerprint(spec: SourceColumns, rules: Mapping[str, str], currency: str) -> str:
    """16 hex digits that change when the same bytes would be read as other rows."""
    import hashlib  # the command line reads the columns for its help, and this takes as long as the rest of them
    import json

    levels = {level: rules[level] for level in LEVELS if level in rules}
    meaning = [READER_VERSION, asdict(spec), levels, currency]
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, default=str).encode()).hexdigest()[:16]


def map_columns(
    header: list[str], spec: SourceColumns, rules: Mapping[str, str], *, client_id: str, filename: str
) -> Mapped:
    """Find every field. Raises `LoadRefused` that names what is missing, what was found and the setting to make."""
    places: dict[str, list[int]] = {}
    for index, heading in enumerate(header):
        places.setdefault(normalized(heading), []).append(index)
    columns, heading_currency = _fields(header, places, spec, filename)
    constants = _apply_rules(columns, places, header, rules, client_id=client_id, filename=filename)
    _require(columns, constants, header, spec, client_id=client_id, filename=filename)
    period_end, currency = _first(places, spec.period_end), _first(places, spec.currency)
    fallbacks = frozenset(name for name in columns if _is_fallback(header[columns[name][0]], spec, name))
    kinds = [_first(places, headings) for name, headings in spec.one_kind_only.items() if name in fallbacks]
    date_is_period = "date" in fallbacks
    if date_is_period and period_end is None:
        raise LoadRefused(f"{filename} has no day", where=_found(header), fix=spec.export_hint)
    used = {index for indices in columns.values() for index in indices}
    keys = _unique(header)
    absent = [name for name in MEASURES if name not in columns and name not in spec.expected_absent]
    return Mapped(
        columns=columns,
        constants=constants,
        period_end=period_end if date_is_period else None,
        currency_column=currency,
        heading_currency=heading_currency,
        unmapped=tuple((index, key) for index, key in enumerate(keys) if index not in used),
        keys=keys,
        kind_column=next(iter(kinds), None),
        fallbacks=fallbacks,
        warnings=tuple(f"no column for {name.replace('_', ' ')}: left empty" for name in absent),
    )


def normalized(heading: str) -> str:
    """A heading as it is compared."""
    return unicodedata.normalize("NFC", " ".join(heading.split())).casefold()


def _fields(
    header: list[str], places: Mapping[str, list[int]], spec: SourceColumns, filename: str
) -> tuple[dict[str, tuple[int, ...]], str | None]:
    columns: dict[str, tuple[int, ...]] = {}
    currencies: set[str] = set()
    for name, aliases in spec.aliases.items():
        found: list[int] = []
        for alias in aliases:
            if alias.endswith("(*)"):
                matches = _with_currency(alias, header)
                currencies.update(currency for _, currency in matches)
                found.extend(index for index, _ in matches)
            else:
                found.extend(places.get(normalized(alias), ()))
        if not found:
            chosen = next((alias for alias in spec.fallbacks.get(name, ()) if normalized(alias) in places), None)
            found = [] if chosen is None else places[normalized(chosen)]
        if found:
            columns[name] = tuple(found)
    unknown = sorted(currency for currency in currencies if not re.fullmatch(r"[A-Z]{3}", currency))
    if unknown:
        fix = "export with the account's currency in the heading, as in Amount spent (USD)"
        raise LoadRefused(f"{filename} has an unknown currency {brief(repr(unknown[0]))} in a heading", fix=fix)
    if len(currencies) > 1:
        where = listed(sorted(currencies))
        raise LoadRefused(f"{filename} mixes currencies", where=where, fix="export one account at a time")
    return columns, next(iter(currencies), None)


def _with_currency(alias: str, header: list[str]) -> list[tuple[int, str]]:
    """Columns of a heading that ends with a currency in brackets, as (index, currency)."""
    pattern = re.compile(re.escape(alias.removesuffix("(*)").strip()) + r" ?\(([^()]*)\)", re.IGNORECASE)
    matches = [(index, pattern.fullmatch(heading)) for index, heading in enumerate(header)]
    return [(index, match[1].strip()) for index, match in matches if match]


def _apply_rules(
    columns: dict[str, tuple[int, ...]],
    places: Mapping[str, list[int]],
    header: list[str],
    rules: Mapping[str, str],
    *,
    client_id: str,
    filename: str,
) -> dict[str, str]:
    """Fill the levels that the file lacks: a constant is returned, another column is added to `columns`."""
    constants: dict[str, str] = {}
    for level in LEVELS:
        rule = rules.get(level)
        if rule is None or f"{level}_name" in columns:
            continue
        if not rule.startswith("column:"):
            constants[f"{level}_name"] = rule
            continue
        wanted = rule.removeprefix("column:").strip()
        indices = places.get(normalized(wanted))
        if not indices:
            what = f"{filename} has no column {wanted!r}, which client {client_id} takes the {level} from"
            raise LoadRefused(what, where=_found(header), fix=f"paidmedia client set {client_id} …")
        columns[f"{level}_name"] = tuple(indices)
    return constants


def _require(
    columns: Mapping[str, tuple[int, ...]],
    constants: Mapping[str, str],
    header: list[str],
    spec: SourceColumns,
    *,
    client_id: str,
    filename: str,
) -> None:
    missing = [name for name in spec.required if name not in columns]
    levels = [level for level in LEVELS if f"{level}_name" not in columns and f"{level}_name" not in constants]
    if missing or len(levels) == len(LEVELS):
        names = ", ".join(name.replace("_", " ") for name in (*missing, *levels))
        raise LoadRefused(f"{filename} has no column for {names}", where=_found(header), fix=spec.export_hint)
    if levels:
        examples = {"campaign": "Always On"}
        options = " ".join(f'--set {spec.source}.{level}="{examples.get(level, level.title())}"' for level in levels)
        what = f"{filename} has no column for {', '.join(levels)}"
        raise LoadRefused(what, where=_found(header), fix=f"paidmedia client set {client_id} {options}")


def _is_fallback(heading: str, spec: SourceColumns, name: str) -> bool:
    return normalized(heading) in {normalized(alias) for alias in spec.fallbacks.get(name, ())}


def _first(places: Mapping[str, list[int]], aliases: Iterable[str]) -> int | None:
    return next((places[normalized(alias)][0] for alias in aliases if normalized(alias) in places), None)


def _unique(header: list[str]) -> tuple[str, ...]:
    """Headings as keys of the kept row: a repeated one is numbered, `Region (2)`."""
    keys: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for heading in header:
        key = heading
        while key in keys:
            numbers[heading] = numbers.get(heading, 1) + 1
            key = f"{heading} ({numbers[heading]})"
        keys[key] = None
    return tuple(keys)


def _found(header: list[str]) -> str:
    return f"found: {listed(header)}"
