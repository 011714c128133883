"""What is billed in a week or month: its spend, the adjustments of closed months dated in it, and their sum."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from serving.metrics import Metric

ADJUSTMENTS = Metric(
    "spend_adjustments", "Adjustments", "money", 2, None, "Booked for closed months, which keep their price."
)
TO_BILL = Metric("to_bill", "To bill", "money", 2, None, "Spend + adjustments.")


def to_bill(row: Mapping[str, Any]) -> Decimal | None:
    """Spend and adjustments together; None when the spend is unknown."""
    spend, adjustments = row["spend"], row["spend_adjustments"]
    return None if spend is None else Decimal(spend + adjustments)
