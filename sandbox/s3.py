"""A real S3 endpoint on this machine: moto's server in a thread, on a free port of 127.0.0.1.

Each server has its own account and bucket names, so two servers in one process never meet, and what a server holds
vanishes with it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
ACCESS_KEY = "sandbox-access-key"
SECRET_KEY = "sandbox-secret-key"  # noqa: S105 - opens nothing but the server of this module
_PARTITION = "aws"

_accounts = count(100000000001)
_running: dict[str, str] = {}  # endpoint URL → account of the server behind it

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


@contextmanager
def s3_server(access_key: str | None = None, port: int = 0) -> Iterator[str]:
    """Serve S3 until the block ends; gives the endpoint URL. With `access_key`, any other key is answered with 403."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.s3.models import s3_backends
    from werkzeug.serving import make_server

    # The development server announces every request on the console.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    account = str(next(_accounts))
    # Bucket names are global in S3; here each server is a world of its own.
    s3_backends.bucket_accounts = _NoNames()
    application = _gate(DomainDispatcherApplication(create_backend_app), account, access_key)
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = Thread(target=server.serve_forever, name="sandbox-s3", daemon=True)
    thread.start()
    endpoint_url = f"http://127.0.0.1:{server.server_port}"
    _running[endpoint_url] = account
    try:
        yield endpoint_url
    finally:
        del _running[endpoint_url]
        server.shutdown()
        thread.join()
        server.server_close()
        _forget(s3_backends[account][_PARTITION])


def s3_client(endpoint_url: str, access_key: str = ACCESS_KEY) -> "S3Client":
    """A boto3 client of that endpoint that needs no setting of the machine."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=SECRET_KEY,
    )


def is_sandbox(s3_client: "S3Client") -> bool:
    """Whether the client talks to a server of this module in this process."""
    return s3_client.meta.endpoint_url in _running


def set_last_modified(s3_client: "S3Client", bucket: str, key: str, when: datetime) -> None:
    """Set an object's LastModified (whole seconds, UTC). Raises LookupError for an endpoint of another process."""
    from moto.s3.models import s3_backends

    account = _running.get(s3_client.meta.endpoint_url)
    if account is None:
        raise LookupError(f"{s3_client.meta.endpoint_url} is no S3 server of this process: its times cannot be set")
    stored = s3_backends[account][_PARTITION].get_bucket(bucket).keys[key]
    # moto keeps naive UTC times.
    stored.last_modified = when.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def put_object(s3_client: "S3Client", bucket: str, key: str, data: bytes, when: datetime | None = None) -> None:
    """Write one object; `when` sets its LastModified, which only a server of this process allows."""
    s3_client.put_object(Bucket=bucket, Key=key, Body=data)
    if when is not None:
        set_last_modified(s3_client, bucket, key, when)


class _NoNames(dict[str, tuple[str, str]]):
    """moto's table of which account owns a bucket name, kept empty."""

    def __setitem__(self, name: str, owner: tuple[str, str]) -> None:
        """Leave the name free for other servers."""


def _forget(backend: Any) -> None:
    """Free the files of one account's objects; moto's own reset would close those of every account."""
    for bucket in backend.buckets.values():
        for stored in bucket.keys.values():
            stored.dispose()
    backend.buckets.clear()


def _gate(
    application: Callable[[Environ, StartResponse], Iterable[bytes]], account: str, access_key: str | None
) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """The application behind a check of the access key, all requests in one account."""

    def gated(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        signed_by = environ.get("HTTP_AUTHORIZATION", "")
        if access_key is None or f"Credential={access_key}/" in signed_by:
            return application(environ, start_response)
        body = (
            b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InvalidAccessKeyId</Code>'
            b"<Message>The AWS Access Key Id you provided does not exist in our records.</Message></Error>"
        )
        start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    return gated
