"""`NAME_FILE` beside `NAME`: every setting can be read from a file, such as a secret below /run/secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource

from warehouse.errors import PaidMediaError


class SettingFiles(PydanticBaseSettingsSource):
    """The settings whose files the variables of another source name: the environment, or `.env`."""

    def __init__(self, named_by: PydanticBaseSettingsSource) -> None:
        super().__init__(named_by.settings_cls)
        assert isinstance(named_by, EnvSettingsSource)
        self._variables: Mapping[str, str | None] = named_by.env_vars

    def get_field_value(self, _field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """What the file of a setting holds, without the white space around it; None for an empty file.

        Raises `PaidMediaError` where the file cannot be read, or the setting is given twice.
        """
        variable = f"{field_name}_file".upper()
        path = self._variables.get(variable.lower())
        if not path:
            return None, field_name, False
        try:
            value = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise PaidMediaError(f"{variable} cannot be read: {reason}", where=path) from error
        if value and self._variables.get(field_name):
            raise PaidMediaError(f"{field_name.upper()} and {variable} are both set", fix="keep one of them")
        return value or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The values that were found, by field."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}
