"""The small lines in the cards: drawn as SVG here, shown by the style sheet, so that a browser runs nothing for them.

days → path → `--trend` of the card's CSS class → mask of its foot (style.css)

Nine charts of a charting library took a browser as long as the rest of the page.
"""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

WIDTH, HEIGHT = 100.0, 20.0
MARGIN = 1.5  # the stroke is not cut off at the ends
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}' preserveAspectRatio='none'>"
    "<path d='{path}' fill='none' stroke='#000' stroke-width='1.6' stroke-linejoin='round' stroke-linecap='round' "
    "vector-effect='non-scaling-stroke'/></svg>"
)


def style(trends: Mapping[str, Sequence[float | None]]) -> str:
    """A style element that gives each card, by its CSS class, its line; none where fewer than two days have a value."""
    rules = [
        f".{name}{{--line:block;--trend:url('{_image(path)}')}}"
        for name, values in trends.items()
        if (path := line(values))
    ]
    return f"<style>{''.join(rules)}</style>" if rules else ""


def line(values: Sequence[float | None]) -> str:
    """The path through one value a day, the highest at the top; a day without a value is a gap. Empty for no line."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    across = WIDTH / (len(values) - 1)
    return " ".join(_steps((None if value is None else (value - low) / span for value in values), across))


def _steps(heights: Iterable[float | None], across: float) -> Iterable[str]:
    """Move to the first day of every stretch, lines to the others; `heights` are 0 to 1."""
    is_drawing = False
    for number, height in enumerate(heights):
        if height is not None:
            y = HEIGHT - MARGIN - height * (HEIGHT - 2 * MARGIN)
            yield f"{'L' if is_drawing else 'M'}{number * across:.1f} {y:.1f}"
        is_drawing = height is not None


def _image(path: str) -> str:
    """The path as an address of an image. Nothing in it can end the style that it stands in."""
    return f"data:image/svg+xml,{quote(SVG.format(width=WIDTH, height=HEIGHT, path=path))}"
