"""Every setting of the product, read from the environment or from `.env` at the root of the project.

Nothing is read at import: call `get_settings()`. Names are the upper-case forms of the fields;
`<NAME>_FILE` names a file that holds the value instead.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from warehouse.errors import PaidMediaError
from warehouse.setting_files import SettingFiles

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 1024 * 1024
S3 = "s3://"

FileState = tuple[int, int, int] | None  # inode, bytes, time of change


class Settings(BaseSettings):
    """Typed settings. Times are UTC, sizes are bytes, shares are fractions of one."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True, frozen=True
    )

    paidmedia_home: Path = Field(
        default=PROJECT_ROOT / ".paidmedia", description="Everything that a run leaves behind."
    )
    database_url: str | None = Field(default=None, description="postgresql://…; unset means the embedded server.")
    database_password: str | None = Field(default=None, description="Of the role of DATABASE_URL, where that has none.")
    dagster_database_url: str | None = Field(
        default=None, description="Where Dagster keeps runs and events; unset means SQLite below its home."
    )
    dagster_database_password: str | None = Field(
        default=None, description="Of the role of DAGSTER_DATABASE_URL, where that has none."
    )
    secret_key: str | None = Field(default=None, description="Encrypts stored API keys; generated when unset.")

    s3_bucket_name: str | None = None
    s3_prefix: str = ""
    surfside_file_pattern: str = "media-report-{date}"
    surfside_date_format: str = Field(
        default="%m/%d/%Y", description="How Surfside writes a date; never guessed per row."
    )
    aws_endpoint_url: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None
    aws_profile: str | None = Field(default=None, description="Of ~/.aws, where no keys are given; a role, SSO, …")
    aws_default_region: str | None = Field(default=None, description="Unset: the profile's, else us-east-1.")

    vibe_api_base_url: str = "https://clear-platform.vibe.co/rest/reporting/v1"
    vibe_api_key: str | None = None
    vibe_advertiser_id: str | None = None
    vibe_auth_header: str = Field(default="X-API-KEY", description="'Authorization' sends the key as a Bearer token.")
    vibe_create_path: str = "/create_async_report"
    vibe_status_path: str = Field(
        default="/get_report_status", description="May hold {report_id} (older draft of the API)."
    )
    vibe_poll_seconds: float = Field(default=10.0, gt=0, description="The API allows one poll per 10 s and report.")
    vibe_poll_attempts: int = Field(
        default=60, gt=0, description="60 polls: ten minutes, as the requirements' 20 x 30 s."
    )
    vibe_creates_per_hour: int = Field(default=15, gt=0, description="The account's limit in every rolling 3,600 s.")

    reread_days: int = Field(
        default=3, ge=1, description="Days that a daily run reads again: the platforms restate for about that long."
    )
    max_upload_size: int = Field(default=50 * MEBIBYTE, gt=0)
    max_reject_share: float = Field(
        default=0.05, ge=0, le=1, description="Above this share of bad rows the whole file is refused."
    )
    landing_zone: str | None = Field(
        default=None, description="A folder or s3://bucket/prefix; unset means a folder of PAIDMEDIA_HOME."
    )
    landing_archive: str | None = Field(
        default=None, description="A folder or s3://bucket/prefix; unset means archive/ of the landing zone."
    )
    landing_aws_profile: str | None = Field(
        default=None, description="The profile of ~/.aws for these two, where the keys of deliveries are not theirs."
    )
    upload_dir: Path | None = Field(default=None, description="Where uploads are kept; unset means the landing zone.")

    retention_hot_months: int = Field(
        default=13, ge=1, description="Whole months before this one whose rows stay in Postgres: last year's too."
    )
    retention_raw_days: int = Field(default=35, ge=0, description="Days that rows stay that no longer count.")
    retention_log_days: int = Field(default=90, ge=1, description="Days that runs and log files stay.")
    retention_audit_years: int = Field(default=2, ge=1, description="Years that the audit log stays in Postgres.")

    bi_statement_seconds: int = Field(
        default=120, ge=1, description="Of a BI login's statement; half a minute later it is ended from outside."
    )
    bi_idle_seconds: int = Field(
        default=60, ge=1, description="Of a BI login's open transaction that waits; ended from outside as well."
    )

    creative_preview_hosts: str = Field(
        default="", description="Hosts that previews of creatives may come from; empty: there are none."
    )

    backup_dir: Path | None = Field(
        default=None, description="Where backups are kept, best on another disk. Set: one is taken every day."
    )
    backup_database_url: str | None = Field(
        default=None,
        description="The server of DATABASE_URL for a role that may replicate; unset: DATABASE_URL itself.",
    )
    backup_keep_days: int = Field(default=35, ge=1, description="Days back to which every moment can be restored.")
    backup_full_days: int = Field(
        default=7, ge=1, description="A backup holds only changes until the last full one is so old."
    )
    backup_log_seconds: int = Field(
        default=60, ge=1, description="What is committed is in the backup so many seconds later."
    )

    surfside_cron: str = "0 5 * * *"
    vibe_cron: str = "0 6 * * *"
    summary_cron: str = "0 7 * * *"
    retention_cron: str = "30 3 * * *"
    backup_cron: str = "0 2 * * *"
    restore_drill_cron: str = "0 4 * * 0"

    oidc_metadata_url: str | None = Field(default=None, description="…/.well-known/openid-configuration")
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_redirect_url: str | None = Field(default=None, description="The app's own address and /oauth2callback.")
    oidc_label: str = Field(default="single sign-on", description="What the button says: Log in with …")
    oidc_only: bool = Field(default=False, description="Nobody comes in by a password.")

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_username: str | None = None
    smtp_password: str | None = None
    smtp_from: str | None = None
    smtp_to: str | None = None
    alert_urls: str | None = None
    alert_timeout_seconds: float = Field(
        default=10.0, gt=0, description="A server that has not taken a message by then is tried again later."
    )

    heartbeat_url: str | None = Field(
        default=None, description="Asked after each look for alerts; a service behind it tells when it is silent."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`; beside each of them, the files that it names."""
        return (init_settings, env_settings, SettingFiles(env_settings), dotenv_settings, SettingFiles(dotenv_settings))

    @field_validator("max_upload_size", mode="before")
    @classmethod
    def _size_with_unit(cls, value: object) -> object:
        """Accept `50 MB` as well as a number of bytes."""
        if isinstance(value, str) and value.strip().upper().endswith("MB"):
            return int(float(value.strip()[:-2]) * MEBIBYTE)
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        """Its words name no part of it: the address is a secret."""
        try:
            parts = urlsplit((value or "").strip())
            is_usable = value is None or (parts.scheme in ("http", "https") and bool(parts.hostname))
        except ValueError:
            is_usable = False
        if not is_usable:
            raise ValueError("it is no address of http or https")
        return value and value.strip()

    @field_validator("paidmedia_home", "upload_dir", "backup_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().resolve() if value else None

    @field_validator("landing_zone", "landing_archive")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        """A folder becomes absolute; of a bucket's address the last slash goes."""
        if value is None or not value.startswith(S3):
            return str(Path(value).expanduser().resolve()) if value else None
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9._-]*(/[^/]+)*/?", value):
            raise ValueError("it is neither a folder nor s3://bucket/prefix")
        return value.rstrip("/")

    @property
    def landing(self) -> str:
        """The address of the landing zone, an absolute folder or `s3://bucket/prefix`."""
        return self.landing_zone or str(self.paidmedia_home / "landing")

    @property
    def archive(self) -> str:
        """The address of the archive, of the same form."""
        return self.landing_archive or f"{self.landing}/archive"

    @property
    def scratch(self) -> Path:
        """Where a file is written that then goes into a bucket."""
        return self.paidmedia_home / "scratch"

    @property
    def backups(self) -> Path:
        """Where backups are kept: `BACKUP_DIR`, else a folder of `PAIDMEDIA_HOME`."""
        return self.backup_dir or self.paidmedia_home / "backups"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder."""
        return self.paidmedia_home / "dagster"


def get_settings() -> Settings:
    """The settings as they are now. Raises `PaidMediaError` naming the variable that cannot be used.

    Reading them takes milliseconds, and pages need them for every query: they are read again when the environment,
    `.env` or a file that one of these names has changed.
    """
    global _last_read
    if _last_read is None or not _last_read.is_current():
        _last_read = _Reading.now()
    return _last_read.settings


@dataclass(frozen=True)
class _Reading:
    """Settings, and what they were read from: the variables, and each file's state just before."""

    settings: Settings
    variables: dict[str, str]
    files: dict[Path, FileState]

    @classmethod
    def now(cls) -> "_Reading":
        variables, lines = dict(os.environ), _env_file()
        named = {**DotEnvSettingsSource(Settings).env_vars, **variables}
        paths = {lines, *(Path(path) for name, path in named.items() if name.upper().endswith("_FILE") and path)}
        files = {path: _state(path) for path in paths}
        try:
            return cls(Settings(), variables, files)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]).upper()
            raise PaidMediaError(f"setting {name} cannot be used: {first['msg']}", fix="mend it in .env") from error

    def is_current(self) -> bool:
        return (
            _env_file() in self.files
            and self.variables == os.environ
            and all(_state(path) == state for path, state in self.files.items())
        )


_last_read: _Reading | None = None


def _env_file() -> Path:
    return Path(str(Settings.model_config["env_file"]))


def _state(path: Path) -> FileState:
    """What changes when a file does; None where it cannot be read."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
