"""The same landing zone as a folder and as a bucket of a real S3 server."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sandbox.s3 import s3_client, s3_server
from warehouse.settings import Settings

KINDS = ("folder", "bucket")
_numbers = count(1)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An S3 server."""
    with s3_server() as url:
        yield url


@pytest.fixture
def new_bucket(endpoint: str) -> Callable[[], str]:
    """Make an empty bucket; gives its name."""

    def make() -> str:
        name = f"lake-{next(_numbers)}"
        s3_client(endpoint).create_bucket(Bucket=name)
        return name

    return make


@pytest.fixture(params=KINDS)
def zone(
    request: pytest.FixtureRequest, tmp_path: Path, endpoint: str, new_bucket: Callable[[], str]
) -> Callable[..., Settings]:
    """Settings of a home with an empty landing zone: `zone("home", upload_dir=…)`. Without a name it is `home`."""

    def make(name: str = "home", **more: Any) -> Settings:
        home = tmp_path / name
        if request.param == "bucket":
            more = {"landing_zone": f"s3://{new_bucket()}/landing/zone/", **more}
        return Settings(
            paidmedia_home=home, aws_endpoint_url=endpoint, aws_access_key_id="testing",
            aws_secret_access_key="testing", _env_file=None, **more,
        )  # fmt: skip

    return make
