"""The sources: reachable with what the settings say, without asking for anything that is counted."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from loaders.registry import registry
from loaders.source import ObjectStore, ReportApi, Setting, Source, value_of
from orchestration.doctor.demo import BESIDE, is_demo
from orchestration.doctor.lines import Line, bad, ok, warning
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

CONNECT_SECONDS = 5


def sources() -> dict[str, tuple[Source, bool]]:
    """The sources that something can be asked of, by name, and whether that needs the newest schema."""
    return {
        name: (source, isinstance(source.transport, ReportApi))
        for name, source in registry().items()
        if source.is_loaded_by_day
    }


def check(settings: Settings, source: Source) -> Iterator[Line]:
    """Whether a source can be reached, by its transport."""
    if isinstance(source.transport, ObjectStore):
        yield from _bucket(settings, source)
    elif isinstance(source.transport, ReportApi):
        yield from _api(settings, source, source.transport)


def _bucket(settings: Settings, source: Source) -> Iterator[Line]:
    """Whether the bucket can be listed."""
    from loaders.transports.object_store.bucket import Bucket

    if is_demo(settings):
        yield ok(source.name, f"made up by make run; its stand-in for S3 {BESIDE}")
        return
    if not settings.s3_bucket_name:
        yield warning(source.name, "S3_BUCKET_NAME is not set, so nothing is loaded", "name the bucket in .env")
        return
    Bucket(settings, source.title).check()
    yield ok(source.name, f"bucket {settings.s3_bucket_name} can be listed")


def _api(settings: Settings, source: Source, api: ReportApi) -> Iterator[Line]:
    """Whether the accounts are usable and the API takes connections; no report is asked for."""
    from loaders.clients import account_of, clients_for

    set_up = f"{source.set_up.partition(' SLUG')[0]} …"
    served = clients_for(settings, source.name)
    if not served:
        yield warning(source.name, "no client has an account, so nothing is loaded", set_up)
        return
    usable = 0
    for client_id in served:
        try:
            with database.session(settings) as current:
                account_of(current, settings, source, client_id)
            usable += 1
        except PaidMediaError as error:
            yield bad(source.name, f"{error.what}, client {client_id}", error.fix or set_up)
    if is_demo(settings):
        yield ok(source.name, f"{usable} accounts, made up by make run; the stand-in for the API {BESIDE}")
        return
    url = urlsplit(value_of(api.base_url, settings))
    port = url.port or (443 if url.scheme == "https" else 80)
    address = api.base_url.setting if isinstance(api.base_url, Setting) else url.geturl()
    try:
        socket.create_connection((url.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        what = f"{url.hostname}:{port} takes no connection: {error}"
        yield bad(source.name, what, f"check the network and {address}")
    else:
        yield ok(source.name, f"{usable} accounts; {url.hostname} takes connections")
