"""Kept answers: asked once, never another reader's, never of older data; a question whose key says less is refused."""

from dataclasses import replace
from inspect import signature
from typing import Any

import pytest
from sqlalchemy import Engine, event

from serving import queries
from serving.scope import Reading
from streamlit_app.cached import ask
from tests.serving.people import ANA, KAY, NOBODY
from warehouse.postgres import database

NOT_KEPT = {"AS_VIEWER", "Ask", "ask", "reading"}


@pytest.fixture
def reading(marts: Engine) -> Reading:
    found = queries.reading(ANA)
    assert found is not None
    return found


def test_an_answer_is_asked_once_and_again_when_the_data_is_new(reading: Reading) -> None:
    asked: list[Any] = []
    engine = database.app_engine()
    event.listen(engine, "before_cursor_execute", count := lambda *of: asked.append(of))
    try:
        first = ask(queries.clients, reading)
        once = len(asked)
        assert ask(queries.clients, reading) == first
        assert len(asked) == once > 0
        assert ask(queries.clients, replace(reading, data_version="another")) == first
        assert len(asked) == 2 * once
    finally:
        event.remove(engine, "before_cursor_execute", count)


def test_nobody_gets_the_kept_answer_of_another(reading: Reading) -> None:
    assert [row["client_id"] for row in ask(queries.clients, reading)] == ["acme", "bolt", "cosmo"]
    assert [row["client_id"] for row in ask(queries.clients, replace(reading, viewer=KAY))] == ["cosmo"]
    assert ask(queries.clients, replace(reading, viewer=NOBODY)) == []


def test_every_question_says_who_asks_and_a_key_leaves_nothing_out(reading: Reading) -> None:
    questions = [getattr(queries, name) for name in queries.__all__ if name not in NOT_KEPT]
    assert len(questions) > 10
    for question in questions:
        names = list(signature(question).parameters)
        assert names[0] in ("reading", "scope"), question
        assert not [name for name in names if name.startswith("_")], question


def of_anybody(name: str) -> str:
    return name


def of_a_part(_reading: Reading) -> str:
    return _reading.viewer.name


@pytest.mark.parametrize("question", [of_anybody, of_a_part])
def test_a_question_whose_key_would_not_say_who_asks_is_refused(reading: Reading, question: Any) -> None:
    with pytest.raises(TypeError, match="do not say who asks"):
        ask(question, reading)
