"""S3 clients by the settings, and what S3's errors mean to people.

settings ─► Access ─► boto3 session ─► client, which asks boto3's own chain for credentials where no keys are given:
environment, profile (also a role of it, SSO, a program), web identity, container, machine. It renews those that expire.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OF_REGION = "us-east-1"  # where neither the settings nor the profile name one
WRONG_KEY = frozenset(("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"))
EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"))
ELSEWHERE = frozenset(
    ("301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
)
MISSING = frozenset(("404", "NoSuchKey", "NotFound"))
FIX_KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role"


@dataclass(frozen=True)
class Access:
    """How a bucket is reached. What is None, boto3 finds by itself."""

    profile: str | None
    endpoint_url: str | None
    region: str | None
    key_id: str | None
    secret: str | None = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True)
class Trouble:
    """An error in words: what, where and what to do. `is_missing`: the bucket answers, and has no such object."""

    what: str
    where: str | None
    fix: str
    is_missing: bool = False


def access(settings: Settings) -> Access:
    """To the bucket of deliveries, and to all others that have no profile of their own."""
    return Access(
        settings.aws_profile, settings.aws_endpoint_url, settings.aws_default_region, settings.aws_access_key_id,
        settings.aws_secret_access_key, settings.aws_session_token,
    )  # fmt: skip


def landing_access(settings: Settings) -> Access:
    """To landing zone and archive: by their own profile alone, where one is named."""
    if settings.landing_aws_profile:
        return Access(settings.landing_aws_profile, None, None, None, None, None)
    return access(settings)


def client(by: Access) -> "S3Client":
    """A client, kept for the process: it may be used by threads, and renews credentials that expire.

    A new one is made when a variable of AWS or a file of `~/.aws` has changed, because boto3 reads those once. Raises
    what `explain` explains.
    """
    variables = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
    return _client(by, variables, tuple(_state(variable, default) for variable, default in FILES.items()))


FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


def _state(variable: str, default: str) -> tuple[int, int, int] | None:
    try:
        found = Path(os.environ.get(variable) or default).expanduser().stat()
    except (OSError, RuntimeError):  # there is no such file, or no home
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=8)
def _client(by: Access, _variables: object, _files: object) -> "S3Client":
    import boto3
    from botocore.config import Config

    session = boto3.Session(profile_name=by.profile)
    return session.client(
        "s3",
        endpoint_url=by.endpoint_url,
        region_name=by.region or session.region_name or OF_REGION,
        aws_access_key_id=by.key_id,
        aws_secret_access_key=by.secret,
        aws_session_token=by.token,
        config=Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 4, "mode": "standard"}),
    )


def explain(error: Exception, bucket: str, address: str, setting: str) -> Trouble | None:
    """What an error of boto3 means; None for any other. `setting` names the bucket, `address` is what was asked for."""
    from boto3.exceptions import Boto3Error
    from botocore import exceptions as known

    if isinstance(error, known.ClientError):
        return _answer(error.response["Error"], error.operation_name, bucket, address, setting)
    if isinstance(error, known.NoCredentialsError | known.PartialCredentialsError):
        return Trouble("there is no key for S3", str(error), FIX_KEYS)
    if isinstance(error, known.ProfileNotFound):
        return Trouble("there is no such profile of AWS", str(error), "check AWS_PROFILE and LANDING_AWS_PROFILE")
    if isinstance(error, known.CredentialRetrievalError | known.TokenRetrievalError | known.UnauthorizedSSOTokenError):
        return Trouble("the credentials for S3 cannot be had", str(error)[:200], "log in again, or mend the profile")
    if isinstance(error, known.BotoCoreError | Boto3Error):
        cause = error.__cause__ or error.__context__
        if isinstance(cause, known.ClientError):  # an upload in parts says it in words of its own
            return explain(cause, bucket, address, setting)
        return Trouble(
            f"bucket {bucket} cannot be reached",
            str(error)[:200],
            "check AWS_ENDPOINT_URL and the network, then try again",
        )
    return None


def _answer(answer: Mapping[str, object], operation: str, bucket: str, address: str, setting: str) -> Trouble:
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if code == "NoSuchBucket":
        return Trouble(f"there is no bucket {bucket}", None, f"check {setting}")
    if operation.startswith("AssumeRole"):
        return Trouble(
            "the role for S3 cannot be taken", f"{code}: {message}", "check the profile, and who may take it"
        )
    if code in EXPIRED:
        fix = "renew AWS_SESSION_TOKEN and its keys, or let a profile or role do it"
        return Trouble(f"the credentials for bucket {bucket} have expired", code, fix)
    if code in WRONG_KEY:
        return Trouble(f"S3 refuses the key for bucket {bucket}", f"{code}, {operation} {address}", FIX_KEYS)
    if code in ELSEWHERE:
        return Trouble(f"bucket {bucket} is in another region", f"{code}: {message}", "set AWS_DEFAULT_REGION")
    where = f"{address}: {message}"
    if code in MISSING:
        return Trouble("there is no such file", address, "bring it back from a backup", is_missing=True)
    return Trouble(f"S3 answered {code}", where, "try again")
