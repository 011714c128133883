"""Cells → values: what counts as a number, an amount of money and a date, and the reason when a cell is none.

Numbers are `Decimal` throughout; a value is kept at nine decimals, the scale of the warehouse's columns, because
workbooks carry float noise (0.30000000000000004). A blank cell is zero. Nothing is guessed row by row.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, TypeVar

from loaders.files.cells import NO_STORED_VALUE, Cell

Key = TypeVar("Key")
Value = TypeVar("Value")

SCALE = Decimal("0.000000001")
COUNT_LIMIT = Decimal(10) ** 12  # a trillion in one row is no count; sums of counts stay within bigint
MONEY_LIMIT = Decimal(10) ** 15  # numeric(24,9)
EXCEL_ERRORS = frozenset(
    ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#ERROR", "#SPILL!", "#CALC!", NO_STORED_VALUE)
)
SYMBOLS = {"€": "EUR", "£": "GBP"}  # "$" is written by platforms whatever the account's currency

ZERO = Decimal(0)
Number = tuple[Decimal | None, str | None]  # (value if one can be read, reason why it cannot be used)
Day = tuple[date | None, str | None]

_NUMBER = re.compile(
    r"(?P<sign>[-−+]?)\s*(?P<symbol>[$€£]?)\s*(?P<inner>[-−]?)\s*"
    r"(?P<digits>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?P<exponent>[eE][-+]?[0-9]{1,3})?"
)
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")  # most numbers: nothing of them has to be interpreted
_NOTHING = re.compile(r"[$€£]?\s*-")  # how Excel's accounting format shows zero
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z?)?")


class Memo(dict[Key, Value], Generic[Key, Value]):
    """A dict that computes what it does not hold: a column repeats few different cells."""

    def __init__(self, compute: Callable[[Key], Value]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: Key) -> Value:
        value = self[key] = self._compute(key)
        return value


def parse_counts(cells: Sequence[Cell]) -> list[Number]:
    """Whole numbers; `4.0` is one, `4.5` is not."""
    memo = Memo(count)
    return [memo[cell] for cell in cells]


def parse_money(cells: Sequence[Cell], currency: str) -> list[Number]:
    """Amounts in `currency`, as ` $ 4.76 `, ` $ -   ` or `6,250.00`."""
    memo = Memo[Cell, Number](lambda cell: money(cell, currency))
    return [memo[cell] for cell in cells]


def parse_days(cells: Sequence[Cell], formats: Sequence[str]) -> list[Day]:
    """Dates in ISO form, as true dates of a workbook, or in one of the `strptime` formats of the source."""
    memo = Memo[Cell, Day](lambda cell: day(cell, formats))
    return [memo[cell] for cell in cells]


def count(cell: Cell) -> Number:
    """One whole number, zero or more, with the reason when it is not."""
    value, reason = _number(cell, None)
    if value is None or reason is not None:
        return value, reason
    if value != value.to_integral_value():
        return value, "fractional count"
    return (value, None) if value < COUNT_LIMIT else (None, "too large for a count")


def money(cell: Cell, currency: str) -> Number:
    """One amount, zero or more, with the reason when it is not."""
    value, reason = _number(cell, currency)
    return (None, "too large for an amount") if value is not None and value >= MONEY_LIMIT else (value, reason)


def day(cell: Cell, formats: Sequence[str]) -> Day:
    """One day, with the reason when the cell is none."""
    if isinstance(cell, datetime):
        return cell.date(), None
    if isinstance(cell, date):
        return cell, None
    text = cell.strip()
    if not text:
        return None, "the date is missing"
    try:
        iso = _ISO.fullmatch(text)
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3])), None
    except ValueError:
        return None, "no such date"
    for form in formats:
        try:
            return datetime.strptime(text, form).date(), None  # noqa: DTZ007 – a day has no zone
        except ValueError:
            continue
    return None, f"not a date (expected {' or '.join((*formats, '%Y-%m-%d'))})"


def name(cell: Cell) -> tuple[str, str | None]:
    """A level's name as delivered, untrimmed; an error of Excel is none."""
    text = cell if isinstance(cell, str) else cell.isoformat()
    return text, "an error of Excel in place of a name" if text.strip() in EXCEL_ERRORS else None


def _number(cell: Cell, currency: str | None) -> Number:
    """A number at nine decimals. A negative one is read, so that it can be totalled, and refused."""
    if not isinstance(cell, str):
        return None, "a date in place of a number"
    text = cell.strip()
    if _PLAIN.fullmatch(text):
        return Decimal(text).quantize(SCALE), None
    if not text or (currency is not None and _NOTHING.fullmatch(text)) or text == "-":
        return ZERO, None
    if text in EXCEL_ERRORS:
        return None, "an error of Excel in place of a number"
    in_brackets = text.startswith("(") and text.endswith(")")
    match = _NUMBER.fullmatch(text[1:-1].strip() if in_brackets else text)
    if match is None or (match["symbol"] and currency is None):
        return None, "not a number"
    signs = match["sign"] + match["inner"]
    if len(signs) + in_brackets > 1:
        return None, "not a number"
    if SYMBOLS.get(match["symbol"], currency) != currency:
        return None, f"an amount in {SYMBOLS[match['symbol']]}, the client bills in {currency}"
    exponent = match["exponent"] or ""
    if exponent and abs(int(exponent[1:])) > 30:
        return None, "not a usable number"
    digits = match["digits"].replace(",", "")
    if len(digits) > 60:
        return None, "not a usable number"
    value = Decimal(digits + exponent)
    if value >= MONEY_LIMIT:
        return None, "too large"
    value = value.quantize(SCALE, rounding=ROUND_HALF_UP)
    if (in_brackets or signs in ("-", "−")) and value:
        return -value, "negative"
    return value, None
