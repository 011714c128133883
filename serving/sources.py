"""The sources as readers know them: which there are, what they are called, when one is late.

`control.sources` says it; it is asked once a minute at most, because every line of a page names a source.
"""

from warehouse.control import sources


def names() -> tuple[str, ...]:
    """The sources, in the order in which readers see them."""
    return tuple(each.name for each in sources.known())


def titles() -> tuple[str, ...]:
    """What they are called, in the same order."""
    return tuple(each.title for each in sources.known())


def title_of(name: str) -> str:
    """A source as a reader knows it; one that is known no more in its own words."""
    return next((each.title for each in sources.known() if each.name == name), name.replace("_", " ").title())


def late_after_days() -> dict[str, int]:
    """How far the newest day of each source may lie behind today."""
    return {each.name: each.late_after_days for each in sources.known()}


def loaded_by_day() -> tuple[str, ...]:
    """The sources that days can be asked of."""
    return tuple(each.name for each in sources.known() if not each.is_uploaded)


def uploaded() -> tuple[str, ...]:
    """The sources that people bring by hand."""
    return tuple(each.name for each in sources.known() if each.is_uploaded)
