"""The lines in the cards: their path, their gaps, and that they can be nothing but an image."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

from streamlit_app import sparklines


def test_the_highest_day_is_at_the_top_and_the_days_are_as_far_apart() -> None:
    assert sparklines.line([0, 10, 5]) == "M0.0 18.5 L50.0 1.5 L100.0 10.0"


def test_a_day_without_a_value_is_a_gap() -> None:
    assert sparklines.line([None, 1, 2, None, 3]) == "M25.0 18.5 L50.0 10.0 M100.0 1.5"


def test_days_that_are_all_equal_are_a_level_line() -> None:
    assert sparklines.line([7, 7]) == "M0.0 18.5 L100.0 18.5"


def test_fewer_than_two_days_have_no_line() -> None:
    assert sparklines.line([]) == sparklines.line([4]) == sparklines.line([None, 4, None]) == ""
    assert sparklines.style({"st-key-kpi-spend": [None, None]}) == ""


def test_each_card_gets_the_image_of_its_own_line() -> None:
    told = sparklines.style({"st-key-kpi-spend": [1, 2], "st-key-kpi-cpc": [None, None], "st-key-kpi-cpa": [2, 1]})
    images = dict(re.findall(r"\.(st-key-[a-z-]+)\{--line:block;--trend:url\('data:image/svg\+xml,([^']*)'\)\}", told))
    paths = {name: ElementTree.fromstring(unquote(image))[0].get("d") for name, image in images.items()}
    assert paths == {"st-key-kpi-spend": "M0.0 18.5 L100.0 1.5", "st-key-kpi-cpa": "M0.0 1.5 L100.0 18.5"}
    assert not re.search("[<>]", told.removeprefix("<style>").removesuffix("</style>"))
