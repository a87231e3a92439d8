"""The head and the foot of the public page as they would look with what is typed, in both themes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..published import accent, footer_links
from ..published.page_settings import DEFAULT_NAME

# theme, ground, soft ground of a page where all is well, ink, second ink, link colour unless another is chosen: the tokens
_THEMES = (
    ("Light", "#ffffff", "#e5f3ec", "#13201f", "#44524f", "#0a566b", accent.ON_LIGHT),
    ("Dark", "#121919", "#12291f", "#e9efed", "#b7c2bf", "#74c5d8", accent.ON_DARK),
)
_MOST_LETTERS = 26  # of a name, and of the links, beside each other in the drawing


def drawn(name: str, light: str | None, dark: str | None, links: str) -> dict[str, Any]:
    """What ``_page_preview.html`` prints; a colour or links that would be refused leave theirs as they are."""
    chosen = (light or "").strip().lower() or None
    refused = accent.problem_with(chosen, on=accent.ON_LIGHT) if chosen else None
    if refused:
        chosen = None
    colours = (chosen, dark or (accent.for_dark(chosen) if chosen else None))
    themes = [
        {
            "theme": theme, "ground": ground, "soft": soft, "ink": ink, "second": second, "colour": own or usual,
            "contrast": f"{min(accent.contrast(own or usual, each) for each in surfaces[:1]):.1f}",
        }
        for (theme, ground, soft, ink, second, usual, surfaces), own in zip(_THEMES, colours, strict=True)
    ]  # fmt: skip
    return {"themes": themes, "name": _short(name or DEFAULT_NAME), "words": _words(links), "refused": refused}


def _words(typed: str) -> list[str]:
    try:
        pairs: Sequence[Sequence[str]] = footer_links.parsed(typed)
    except ValueError:
        return []
    words: list[str] = []
    for each, _address in pairs:
        if len("  ".join([*words, each])) > _MOST_LETTERS:
            return [*words, "…"]
        words.append(each)
    return words


def _short(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1].rstrip()}…"
