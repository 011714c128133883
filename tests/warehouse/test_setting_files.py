"""Any setting can be in a file that `<NAME>_FILE` names."""

from pathlib import Path

import pytest

from warehouse.errors import PaidMediaError
from warehouse.postgres.database import database_url, libpq_environment
from warehouse.settings import Settings, get_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a secret"
    path.write_text("from a file\n")
    return path


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)


def test_every_setting_can_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"SECRET_KEY": "k", "SMTP_PORT": "2525", "MAX_UPLOAD_SIZE": "7 MB", "UPLOAD_DIR": str(tmp_path)}
    for name, value in values.items():
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = get_settings()
    assert (settings.secret_key, settings.smtp_port, settings.max_upload_size) == ("k", 2525, 7 * 1024 * 1024)
    assert settings.upload_dir == tmp_path.resolve()


def test_a_line_of_the_env_file_names_a_file_too_and_the_environment_wins(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tmp_path / ".env"
    lines.write_text(f"SECRET_KEY_FILE={file}\n")
    monkeypatch.setitem(Settings.model_config, "env_file", lines)
    assert get_settings().secret_key == "from a file"
    monkeypatch.setenv("SECRET_KEY", "of the environment")
    assert get_settings().secret_key == "of the environment"


def test_an_empty_file_is_an_unset_setting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("\n")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(file))
    assert get_settings().smtp_password is None
    monkeypatch.setenv("SMTP_PASSWORD", "typed")
    assert get_settings().smtp_password == "typed"


def test_a_file_that_is_not_there_is_named_with_its_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "gone"))
    with pytest.raises(PaidMediaError, match="SECRET_KEY_FILE cannot be read: No such file") as refused:
        get_settings()
    assert str(tmp_path / "gone") in str(refused.value)


def test_a_setting_that_is_given_twice_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "another")
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))
    with pytest.raises(PaidMediaError, match="SECRET_KEY and SECRET_KEY_FILE are both set") as refused:
        get_settings()
    assert "another" not in str(refused.value)
    assert "from a file" not in str(refused.value)


def test_what_has_changed_is_read_again_and_nothing_else_is(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", lines)
    assert get_settings().secret_key is None
    lines.write_text(f"secret_key_file={file}\n")
    read = get_settings()
    assert read.secret_key == "from a file"
    assert get_settings() is read
    file.write_text("from a filed")
    assert get_settings().secret_key == "from a filed"
    monkeypatch.setenv("VIBE_CRON", "1 1 * * *")
    assert get_settings().vibe_cron == "1 1 * * *"
    monkeypatch.delenv("VIBE_CRON")
    assert get_settings().vibe_cron != "1 1 * * *"
    file.unlink()
    with pytest.raises(PaidMediaError, match="cannot be read"):
        get_settings()
    file.write_text("there again")
    assert get_settings().secret_key == "there again"
    lines.unlink()
    assert get_settings().secret_key is None


def test_a_url_without_a_password_gets_the_one_that_is_set() -> None:
    url = "postgresql://paidmedia@db.example.com:5432/paidmedia"
    settings = Settings(database_url=url, database_password="p@ss/word", _env_file=None)
    assert database_url(settings) == "postgresql://paidmedia:p%40ss%2Fword@db.example.com:5432/paidmedia"
    assert libpq_environment(settings)["PGPASSWORD"] == "p@ss/word"
    own = Settings(database_url=url.replace("@", ":own@"), database_password="other", _env_file=None)
    assert "paidmedia:own@" in database_url(own)
