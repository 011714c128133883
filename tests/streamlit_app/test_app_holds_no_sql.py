"""The app asks `serving` and services of `warehouse`: no statement, and no way to send one, stands in its files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.settings import PROJECT_ROOT

FILES = sorted((PROJECT_ROOT / "streamlit_app").rglob("*.py"))
NAMES = [str(path.relative_to(PROJECT_ROOT)) for path in FILES]
STATEMENT = re.compile(
    r"\bselect\b.+\bfrom\b|\bwith\s+\w+\s+as\s*\(|\binsert\s+into\b|\bupdate\b.+\bset\b|\bdelete\s+from\b"
    r"|\b(from|join)\s+(marts|control|access|raw_)",
    re.DOTALL | re.IGNORECASE,
)
HARMLESS = {"sqlalchemy": {"Session"}, "psycopg2": set[str]()}  # of what sends statements: the names that types need
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def found(code: str) -> list[str]:
    """Strings that are SQL, and imports that send it; documentation is none."""
    tree = ast.parse(code)
    documentation = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    statements = [each for each in texts if each not in documentation and STATEMENT.search(each)]
    return statements + [name for node in ast.walk(tree) for name in ways_to_send(node)]


def ways_to_send(node: ast.AST) -> Iterator[str]:
    """What is imported that sends statements."""
    if isinstance(node, ast.ImportFrom):
        package = (node.module or "").partition(".")[0]
        yield from (each.name for each in node.names if package in HARMLESS and each.name not in HARMLESS[package])
    elif isinstance(node, ast.Import):
        yield from (each.name for each in node.names if each.name.partition(".")[0] in HARMLESS)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_file_of_the_app_holds_no_sql(file: Path) -> None:
    assert found(file.read_text()) == []


@pytest.mark.parametrize(
    "code",
    [
        'rows("select client_id from marts.dim_clients")',
        'rows(f"select {name} from marts.dim_{level} where true")',
        'QUERY = """\n    with summed as (\n        select 1\n    )\n"""',
        'rows("update control.clients set name = 1")',
        "from sqlalchemy import text",
        "from sqlalchemy.orm import Session, aliased",
        "import psycopg2.errors",
    ],
)
def test_sql_is_seen(code: str) -> None:
    assert found(code) != []
