"""The sources: reachable with what the settings say, without asking for anything that is counted."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from orchestration.doctor.demo import BESIDE, is_demo
from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

CONNECT_SECONDS = 5


def surfside(settings: Settings) -> Iterator[Line]:
    """Whether the bucket can be listed."""
    from loaders.surfside.source import Bucket

    if is_demo(settings):
        yield ok("surfside", f"made up by make run; its stand-in for S3 {BESIDE}")
        return
    if not settings.s3_bucket_name:
        yield warning("surfside", "S3_BUCKET_NAME is not set, so nothing is loaded", "name the bucket in .env")
        return
    Bucket(settings).check()
    yield ok("surfside", f"bucket {settings.s3_bucket_name} can be listed")


def vibe(settings: Settings) -> Iterator[Line]:
    """Whether the accounts are usable and the API takes connections; no report is asked for."""
    from loaders import clients_for
    from loaders.clients import account_of

    served = clients_for(settings, "vibe")
    if not served:
        yield warning("vibe", "no client has an account, so nothing is loaded", "paidmedia vibe-credentials set …")
        return
    usable = 0
    for client_id in served:
        try:
            with database.session(settings) as current:
                account_of(current, settings, client_id)
            usable += 1
        except PaidMediaError as error:
            yield bad("vibe", f"{error.what}, client {client_id}", error.fix or "paidmedia vibe-credentials set …")
    if is_demo(settings):
        yield ok("vibe", f"{usable} accounts, made up by make run; the stand-in for the API {BESIDE}")
        return
    url = urlsplit(settings.vibe_api_base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        socket.create_connection((url.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        yield bad(
            "vibe", f"{url.hostname}:{port} takes no connection: {error}", "check the network and VIBE_API_BASE_URL"
        )
    else:
        yield ok("vibe", f"{usable} accounts; {url.hostname} takes connections")
