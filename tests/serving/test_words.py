"""The words of the two kinds of readers, held against each other and against what can be said."""

from loaders.errors import MissingFile, SourceUnreachable, TooManyRejects
from loaders.transports.report_api.trouble import RateLimited
from serving import outcomes, words
from warehouse.control import ATTEMPT_STATUSES


def test_both_kinds_of_readers_have_words_for_the_same_things() -> None:
    for labels in ("parts", "states", "statuses", "causes"):
        assert getattr(words.CLIENT, labels).keys() == getattr(words.STAFF, labels).keys()
    for labels in ("cards", "freshness", "attempts", "resolved", "rejected"):
        assert getattr(words.CLIENT, labels).keys() <= getattr(words.STAFF, labels).keys()
    assert words.STAFF.statuses.keys() == set(ATTEMPT_STATUSES) == outcomes.COLOURS.keys()
    kinds = {each.fault for each in (TooManyRejects, MissingFile, SourceUnreachable, RateLimited)}
    assert kinds | {"refused", "failed"} == words.FAILURES.keys()
