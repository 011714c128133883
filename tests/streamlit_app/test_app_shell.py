"""The HTML that a page begins with."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from streamlit_app import shell


def test_it_is_streamlits_own_and_says_where_the_server_is_before_every_other_script() -> None:
    assert re.findall(r"<script.*?</script>", shell.html(), re.DOTALL)[0] == shell.WHERE
    assert shell.html().replace(f"\n    {shell.WHERE}", "", 1) == shell.INDEX.read_text(encoding="utf-8")


async def ask(*addresses: str) -> list[httpx.Response]:
    server = httpx.ASGITransport(Starlette(routes=shell.routes("overview", "data", "account")))
    async with httpx.AsyncClient(transport=server, base_url="http://app.example") as browser:
        return [await browser.get(address) for address in addresses]


def test_every_page_begins_with_it_and_no_browser_keeps_it_unasked() -> None:
    *pages, other = asyncio.run(ask("/data", "/account?client=bolt", "/"))
    for answer in pages:
        assert answer.text == shell.html()
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"
    assert other.status_code == 404


def test_html_of_another_make_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<HEAD lang="en"></HEAD>')
    monkeypatch.setattr(shell, "INDEX", tmp_path / "index.html")
    assert shell.html.__wrapped__() == '<HEAD lang="en"></HEAD>'


def test_the_name_of_the_first_page_leads_to_the_root_with_the_same_view() -> None:
    named, bare = asyncio.run(ask("/overview?client=bolt&source=vibe", "/overview"))
    assert [(each.status_code, each.headers["location"]) for each in (named, bare)] == [
        (307, "./?client=bolt&source=vibe"), (307, "./"),
    ]  # fmt: skip
