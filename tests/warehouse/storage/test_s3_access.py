"""Both buckets, that of deliveries and that of the landing zone, are opened by boto3's own chain of credentials.

Each way issues a key that the S3 server alone accepts, so that an answer proves which one was used.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from loaders.transports.object_store.bucket import Bucket
from sandbox.s3 import s3_client, s3_server
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings
from warehouse.storage import places

KEY = "AKIATHEONLYONE"
Opened = Callable[..., None]


@pytest.fixture(autouse=True)
def no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any; gives its folder `.aws`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws" / "credentials"))
    (tmp_path / "aws").mkdir()
    return tmp_path / "aws"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Look into both buckets with settings of the environment: refused unless signed by the one key."""
    with s3_server(access_key=KEY) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        for name in ("reports", "lake"):
            s3_client(endpoint, KEY).create_bucket(Bucket=name)

        def run(**more: str) -> None:
            told = {"s3_bucket_name": "reports", "landing_zone": "s3://lake/zone", **more}
            settings = Settings(paidmedia_home=tmp_path, _env_file=None, **told)
            if "landing_aws_profile" not in more:
                Bucket(settings, "Surfside").check()
            places.landing_zone(settings).check()

        yield run


def profile(folder: Path, name: str, *lines: str) -> None:
    title = "default" if name == "default" else f"profile {name}"
    with (folder / "config").open("a") as file:
        file.write("\n".join([f"[{title}]", *lines, ""]))


KEYS = (f"aws_access_key_id = {KEY}", "aws_secret_access_key = x")


def test_without_any_credentials_it_is_one_line(opened: Opened) -> None:
    with pytest.raises(PaidMediaError, match=r"^there is no key for S3 .*check AWS_ACCESS_KEY_ID .* profile or role$"):
        opened()


def test_keys_of_the_environment(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    opened()
    with pytest.raises(PaidMediaError, match="S3 refuses the key for bucket reports"):
        opened(aws_access_key_id="another")


def test_a_profile_that_the_settings_name_or_that_is_the_default(opened: Opened, no_credentials: Path) -> None:
    profile(no_credentials, "agency", *KEYS)
    opened(aws_profile="agency")
    opened(landing_aws_profile="agency", aws_access_key_id="another", aws_secret_access_key="y")
    with pytest.raises(PaidMediaError, match=r"no such profile of AWS .*\(nobody\).*AWS_PROFILE"):
        opened(aws_profile="nobody")
    profile(no_credentials, "default", *KEYS)
    opened()


def test_a_file_of_credentials_that_another_program_renews_is_read_again(opened: Opened, no_credentials: Path) -> None:
    written = no_credentials / "credentials"
    written.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n")
    with pytest.raises(PaidMediaError, match="S3 refuses the key"):
        opened()
    written.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = x\n")
    opened()


PROGRAM = """
import json, sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
asked = Path(sys.argv[1])
asked.write_text(asked.read_text() + "x" if asked.exists() else "x")
soon = datetime.now(timezone.utc) + timedelta(seconds=30)
print(json.dumps({"Version": 1, "AccessKeyId": sys.argv[2], "SecretAccessKey": "x", "SessionToken": "t",
    "Expiration": soon.isoformat()}))
"""


def test_credentials_that_expire_are_renewed_by_the_client_that_is_kept(opened: Opened, no_credentials: Path) -> None:
    program, asked = no_credentials / "program.py", no_credentials / "asked"
    program.write_text(PROGRAM)
    profile(no_credentials, "agency", f"credential_process = {sys.executable} {program} {asked} {KEY}")
    opened(aws_profile="agency")
    before = len(asked.read_text())
    opened(aws_profile="agency")
    assert len(asked.read_text()) > before


def test_the_role_of_a_container(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"AccessKeyId": KEY, "SecretAccessKey": "x", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
    with http_server(json.dumps(answer)) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/role")
        opened()


ROLE = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{KEY}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
REFUSED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>you may not take this role</Message></Error></ErrorResponse>"""


def test_a_role_of_a_profile(opened: Opened, no_credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(no_credentials, "person", "aws_access_key_id = AKIAPERSON", "aws_secret_access_key = y")
    role = ("role_arn = arn:aws:iam::123456789012:role/loader", "source_profile = person", "region = eu-west-1")
    profile(no_credentials, "agency", *role)
    with http_server(ROLE) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        opened(aws_profile="agency")
    with http_server(REFUSED, status=403) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        with pytest.raises(PaidMediaError, match=r"the role for S3 cannot be taken \(AccessDenied: you may not"):
            opened(aws_profile="agency")


EXPIRED = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


def test_a_token_that_has_expired_is_one_line(tmp_path: Path) -> None:
    with http_server(EXPIRED, status=400) as url:
        settings = Settings(
            paidmedia_home=tmp_path, landing_zone="s3://lake", aws_endpoint_url=url, aws_access_key_id="a",
            aws_secret_access_key="b", aws_session_token="c", _env_file=None,
        )  # fmt: skip
        with pytest.raises(PaidMediaError, match=r"for bucket lake have expired \(ExpiredToken\): renew AWS_SESSION_T"):
            places.landing_zone(settings).write("a.csv", b"x")


@contextmanager
def http_server(answer: str, status: int = 200) -> Iterator[str]:
    """Answers everything with one text; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer.encode()
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
