"""The ledger over all sources: the names of its views, as everybody reads them and as the app's role does.

raw_<source> → ledger.packages, deliveries, delivery_days, rejects → ledger.current_days, waiting_days
                                                  └─► ledger.viewer_…: the rows of the clients of whoever asks

The first four are made by `ledger.unite` of the migrations, over the sources whose raw tables are there. Which delivery
gives a day is dbt's: `dbt_project/models/ledger`. Questions belong to their subject, here are names only.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ledger:
    """The relations that a question about deliveries reads, as `schema.name`.

    `attempts` has the columns of `control.ingestion_runs`, `uploads` those of `control.uploaded_files`, `clients` those
    of `control.clients`; the others those of the views in `ledger`.
    """

    deliveries: str
    delivery_days: str
    rejects: str
    current_days: str
    attempts: str
    uploads: str
    clients: str


EVERYTHING = Ledger(
    deliveries="ledger.deliveries",
    delivery_days="ledger.delivery_days",
    rejects="ledger.rejects",
    current_days="ledger.current_days",
    attempts="control.ingestion_runs",
    uploads="control.uploaded_files",
    clients="control.clients",
)
"""For the owner of the database: commands, loads, builds."""

OF_VIEWER = Ledger(
    deliveries="ledger.viewer_deliveries",
    delivery_days="ledger.viewer_delivery_days",
    rejects="ledger.viewer_rejects",
    current_days="ledger.viewer_current_days",
    attempts="ledger.viewer_attempts",
    uploads="ledger.viewer_uploads",
    clients="ledger.viewer_clients",
)
"""For the app's role: the same of the clients of the person that `paidmedia.viewer` names."""
