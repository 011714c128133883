"""What dbt needs of each source, made from its record: its raw tables, its staging, its sums, and the list of all.

loaders/sources/ + dbt_project/templates/ → (`make sources`) → dbt_project/models/…, dbt_project/macros/project/

Pure but for `write`. Change a template, never what is made from it: a test compares them.
"""

from collections.abc import Iterable
from pathlib import Path

from loaders.source import Source
from orchestration.lib.dbt_files import DBT_FOLDER

TEMPLATES = DBT_FOLDER / "templates"
MADE = "Made by `make sources`"
# Template → the file that is made of it for a source, in the dbt project.
OF_A_SOURCE = {
    "raw_source.yml": "models/sources/raw_{source}.yml",
    "stg_source__rows.sql": "models/staging/{source}/stg_{source}__{row_table}.sql",
    "stg_source__rows.yml": "models/staging/{source}/stg_{source}__{row_table}.yml",
    "int_source_metrics__summed.sql": "models/intermediate/deliveries/int_{source}_metrics__summed.sql",
    "int_source_metrics__summed.yml": "models/intermediate/deliveries/int_{source}_metrics__summed.yml",
}
LIST = "known_sources.sql"
LIST_PATH = f"macros/project/{LIST}"


def made(sources: Iterable[Source]) -> dict[str, str]:
    """Each file that `make sources` writes, by its path in the dbt project, with its text."""
    every = list(sources)
    files = {
        path.format(source=each.name, row_table=each.row_table): _filled(template, each)
        for each in every
        for template, path in OF_A_SOURCE.items()
    }
    listed = ",\n".join(f"        {{'source': '{each.name}', 'row_table': '{each.row_table}'}}" for each in every)
    files[LIST_PATH] = _headed(LIST, (TEMPLATES / LIST).read_text().replace("@listed@", listed))
    return files


def there(folder: Path = DBT_FOLDER) -> dict[str, str]:
    """Each file of a dbt project that says that it was made by `make sources`, in the same form."""
    places = [path for part in ("models", "macros") for path in (folder / part).rglob("*") if path.is_file()]
    texts = {str(path.relative_to(folder)): path.read_text() for path in places if path.suffix in (".sql", ".yml")}
    return {path: text for path, text in texts.items() if MADE in text.partition("\n")[0]}


def write(sources: Iterable[Source], folder: Path = DBT_FOLDER) -> list[str]:
    """Write what differs and remove what is made of no source any more; the paths of both."""
    wanted, found = made(sources), there(folder)
    changed = sorted({path for path in {*wanted, *found} if wanted.get(path) != found.get(path)})
    for path in changed:
        file = folder / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[path])
        else:
            file.unlink()
    return changed


def _filled(template: str, source: Source) -> str:
    text = (TEMPLATES / template).read_text()
    values = {
        "source": source.name,
        "row_table": source.row_table,
        "title": source.title,
        "summary": source.summary,
        "delivers": source.delivers,
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return _headed(template, text)


def _headed(template: str, text: str) -> str:
    """The text under a line that says where it comes from."""
    said = f"{MADE} from templates/{template}: change that."
    return f"# {said}\n{text}" if template.endswith(".yml") else f"{{# {said} #}}\n{text}"
