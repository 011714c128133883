"""The `control` schema: what the agency decides and what the product remembers about its own work.

Clients and their rates, source settings, credentials, uploads, attempts, verdicts, alerts, users and the audit log. The
tables are changed by Alembic migrations only; delivered numbers never live here.
"""

from warehouse.control.accounts import BiLogin, ClientView, User, UserClient, UserSession
from warehouse.control.alerts import FAULTS, AlertIncident, AlertMessage
from warehouse.control.audit import AuditEntry
from warehouse.control.base import ATTEMPT_STATUSES, SCHEMA, Base
from warehouse.control.building import BuildRequest
from warehouse.control.clients import Client, SourceSetting, VibeCredentials
from warehouse.control.creatives import CreativePreview
from warehouse.control.intake import (
    DeliveryVerdict,
    IngestionRun,
    ReportBreaker,
    ReportQueuePlace,
    ReportRequest,
    UploadedFile,
)
from warehouse.control.known_sources import KnownSource
from warehouse.control.prices import ClosedPeriod, CpmRate, CpmRateEntry, SpendAdjustment
from warehouse.control.recovery import RestoreDrill
from warehouse.control.retention import ArchivedCreative, ArchivedMonth, DroppedDelivery, FinalDay, KeptTransition

__all__ = [
    "ATTEMPT_STATUSES",
    "FAULTS",
    "SCHEMA",
    "AlertIncident",
    "AlertMessage",
    "ArchivedCreative",
    "ArchivedMonth",
    "AuditEntry",
    "Base",
    "BiLogin",
    "BuildRequest",
    "Client",
    "ClientView",
    "ClosedPeriod",
    "CpmRate",
    "CpmRateEntry",
    "CreativePreview",
    "DeliveryVerdict",
    "DroppedDelivery",
    "FinalDay",
    "IngestionRun",
    "KeptTransition",
    "KnownSource",
    "ReportBreaker",
    "ReportQueuePlace",
    "ReportRequest",
    "RestoreDrill",
    "SourceSetting",
    "SpendAdjustment",
    "UploadedFile",
    "User",
    "UserClient",
    "UserSession",
    "VibeCredentials",
]
