"""`paidmedia period`, and how `paidmedia cpm set --preview` and the adjustments of closed months are shown."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.cli.console import say, show_table

if TYPE_CHECKING:
    from warehouse.billing.preview import MonthPreview, Preview
    from warehouse.control import SpendAdjustment

app = typer.Typer(help="Months of a client that are closed: they keep their price.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The client's short name, such as acme.")]
Month = Annotated[str, typer.Argument(metavar="MONTH", help="Such as 2026-10.")]


@app.command("close")
def period_close(slug: Slug, month: Month) -> None:
    """Close a month: no later rate changes its price."""
    from warehouse.billing import periods
    from warehouse.billing.pricing import exact
    from warehouse.months import named
    from warehouse.postgres.database import session

    with session() as current:
        closed = periods.close(current, slug, periods.parse_month(month))
        words = f"{closed.impressions:,} impressions, {exact(closed.spend)} {closed.currency}"
        name = named(closed.month)
    say(f"Closed {name} of {slug}: {words}.")


@app.command("list")
def period_list(slug: Slug) -> None:
    """List a client's closed months: as they were closed, as they are now, and what was booked for them."""
    from warehouse.billing import periods
    from warehouse.months import named
    from warehouse.postgres.database import session

    with session() as current:
        rows = [
            (
                named(each.period.month), each.period.currency, each.period.impressions, _amount(each.period.spend),
                each.impressions_now, _amount(each.spend_now), _amount(each.adjustments, signed=True),
                each.period.closed_by, each.period.closed_at,
            )
            for each in periods.closed_periods(current, slug)
        ]  # fmt: skip
    if not rows:
        say(f"No month of {slug} is closed: paidmedia period close {slug} MONTH")
        return
    headings = (
        "month", "currency", "impressions", "spend", "impressions now", "spend now", "adjustments", "closed by",
        "closed at",
    )  # fmt: skip
    show_table(f"Closed months of {slug}", headings, rows, right=(2, 3, 4, 5, 6))


@app.command("reopen")
def period_reopen(
    slug: Slug,
    month: Month,
    why: Annotated[str, typer.Option(help="The reason; it is kept in the audit log.")],
) -> None:
    """Open a closed month: its days cost what is agreed again, and what was booked for it is taken back."""
    from warehouse.billing import periods
    from warehouse.months import named
    from warehouse.postgres.database import session

    with session() as current:
        first_day = periods.parse_month(month)
        booked = [in_words(each) for each in periods.reopen(current, slug, first_day, why=why)]
    say(f"Reopened {named(first_day)} of {slug}. `paidmedia build` prices its days at the agreed rates.")
    for words in booked:
        say(words)


def in_words(adjustment: "SpendAdjustment") -> str:
    """One line about a booked adjustment."""
    from warehouse.billing.pricing import exact
    from warehouse.months import named

    amount = f"{exact(adjustment.amount, signed=True)} {adjustment.currency}"
    return f"Booked {amount} for {named(adjustment.for_month)}, dated {adjustment.day}."


def show_preview(preview: "Preview", *, adjust: bool) -> None:
    """Each month's spend before and after, the total, and what stands in the way."""
    plan = preview.plan
    slug, currency = plan.client.client_id, plan.client.currency
    until = f" to {plan.ends_before} (not included)" if plan.ends_before else ""
    if preview.months:
        with_adjustments = preview.adjustment != 0 and (adjust or plan.refusal() is not None)
        headings = [
            "client", "month", "days with another price", "impressions", f"spend before ({currency})", "after",
            "difference",
        ]  # fmt: skip
        rows = [_cells(slug, each) for each in preview.months]
        total = ["", "total", "", sum(each.impressions for each in preview.months)]
        differences = [each.difference for each in preview.months]
        whole = None if None in differences else sum((each for each in differences if each is not None), Decimal(0))
        total += [_amount(preview.before), _amount(preview.after), _amount(whole, signed=True)]
        if with_adjustments:
            headings.append("adjustment")
            for row, each in zip(rows, preview.months, strict=True):
                row.append(_amount(each.adjustment, signed=True) if each.adjustment else "")
            total.append(_amount(preview.adjustment, signed=True))
        title = f"CPM {plan.cpm} {currency} of {slug} from {plan.effective_date}{until}"
        show_table(title, headings, [*rows, total], right=range(3, len(headings)))
    else:
        say(f"No delivered day of {slug} is governed by a rate from {plan.effective_date}{until}.")
    for line in _remarks(preview, adjust=adjust):
        say(line)


def _cells(slug: str, month: "MonthPreview") -> list[object]:
    from warehouse.months import named

    name = named(month.month) + (" (closed)" if month.is_closed else "")
    amounts = [_amount(month.before), _amount(month.after), _amount(month.difference, signed=True)]
    return [slug, name, _days(month.days), month.impressions, *amounts]


def _days(days: tuple[date, ...]) -> str:
    """`2026-10-05 to 2026-10-31, 27 days`."""
    if len(days) < 2:
        return str(days[0]) if days else "none"
    return f"{days[0]} to {days[-1]}, {len(days)} days"


def _remarks(preview: "Preview", *, adjust: bool) -> list[str]:
    refusal = preview.plan.refusal()
    remarks = []
    if preview.unbuilt:
        remarks.append(
            f"{preview.unbuilt:,} delivered days or their rates wait for `paidmedia build`: they are counted after, not"
            " before." + (" Adjustments are booked on what is published." if preview.plan.touched else "")
        )
    if preview.waiting:
        remarks.append(f"{preview.waiting:,} deliveries wait for a verdict or a release: they are not counted.")
    if refusal is not None and not adjust:
        remarks.append(f"It would be refused: {refusal}")
    elif adjust and preview.adjustment:
        remarks.append(f"Closed months keep their price; the adjustments would be dated {preview.booking_day}.")
    return [*remarks, "Nothing was changed."]


def _amount(value: Decimal | None, *, signed: bool = False) -> str | None:
    from warehouse.billing.pricing import exact

    return None if value is None else exact(value, signed=signed)
