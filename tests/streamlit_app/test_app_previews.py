"""The preview of an opened creative: who enters it, who sees it, and where a browser may load it from."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, delete, text
from streamlit.testing.v1 import AppTest
from test_app_pages import opened, texts

from serving.scope import Node
from streamlit_app import headers, previews
from tests.serving.people import ADA, ANA, CARL
from warehouse.clients import creative_previews
from warehouse.control import CreativePreview
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import get_settings

PICTURE, VIDEO = "https://cdn.example.com/hoe.png", "https://cdn.example.com/hoe.mp4"


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREATIVE_PREVIEW_HOSTS", "cdn.example.com")


@pytest.fixture
def creative(marts: Engine) -> Iterator[Node]:
    """A creative of Bolt's."""
    with marts.connect() as connection:
        found = connection.execute(text("select creative_id from marts.dim_creatives where client_id = 'bolt' limit 1"))
        yield Node("creative", str(found.scalar()), "", "bolt")
    with database.session() as current:
        current.execute(delete(CreativePreview))


def enter(creative: Node, url: str) -> None:
    with database.session() as current:
        creative_previews.enter(current, get_settings(), creative.id, client_id="bolt", url=url)


def form(app: AppTest) -> list[str]:
    return [box.label for box in app.text_input]


def pictures(app: AppTest) -> list[str]:
    """The addresses of the pictures on the page."""
    return [image.url for element in app.get("image") for image in element.proto.imgs]


def test_people_of_the_agency_enter_an_address_and_see_the_picture(creative: Node) -> None:
    app = opened("performance", viewer=ANA, open=f"creative:{creative.id}")
    assert pictures(app) == []
    app.text_input(key=f"preview-of-{creative.id}").set_value("http://cdn.example.com/hoe.png")
    save = next(button for button in app.button if button.label == "Save")
    save.click().run()
    assert "begin with https" in texts(app)
    app.text_input(key=f"preview-of-{creative.id}").set_value(PICTURE)
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert pictures(app) == [PICTURE]
    with database.session() as current:
        entry = "select actor, new_values ->> 'url' from control.audit_log where entity = 'creative preview'"
        assert [tuple(row) for row in current.execute(text(entry))] == [(ANA.name, PICTURE)]


def test_a_client_sees_the_picture_of_an_own_creative_and_no_form(creative: Node) -> None:
    assert form(opened("performance", viewer=CARL, open=f"creative:{creative.id}")) == []
    enter(creative, PICTURE)
    app = opened("performance", viewer=CARL, open=f"creative:{creative.id}")
    assert pictures(app) == [PICTURE]
    assert form(app) == []
    with pytest.raises(PaidMediaError, match="only people of the agency"):
        previews.enter(CARL, creative, PICTURE)


def test_what_is_no_picture_is_a_link(creative: Node) -> None:
    enter(creative, VIDEO)
    app = opened("performance", viewer=CARL, open=f"creative:{creative.id}")
    assert pictures(app) == []
    assert [link.proto.url for link in app.get("link_button")] == [VIDEO]
    assert previews.is_picture("https://cdn.example.com/a.JPG?size=2")
    assert not previews.is_picture("https://cdn.example.com/a?file=b.jpg")


def test_without_allowed_hosts_there_is_no_preview_and_administrators_are_told(
    creative: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(creative, PICTURE)
    monkeypatch.setenv("CREATIVE_PREVIEW_HOSTS", "")
    for viewer, is_told in ((ADA, True), (ANA, False), (CARL, False)):
        app = opened("performance", viewer=viewer, open=f"creative:{creative.id}")
        assert pictures(app) == []
        assert form(app) == []
        assert ("CREATIVE_PREVIEW_HOSTS" in texts(app)) == is_told


def test_browsers_load_pictures_from_the_allowed_hosts_only() -> None:
    policy = headers.content_security_policy(("cdn.example.com", "*.media.example.net"))
    assert policy == (
        "frame-ancestors 'self'; "
        "img-src 'self' data: blob: https://cdn.example.com https://*.media.example.net; "
        "media-src 'self' data: blob: https://cdn.example.com https://*.media.example.net"
    )
