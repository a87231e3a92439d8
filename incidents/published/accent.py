"""The page's own colour for links: only one that can be read in light and in dark."""

from __future__ import annotations

import re

LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text
ON_LIGHT = ("#ffffff", "#f4f6f6")  # the surfaces of static/css/tokens.css
ON_DARK = ("#121919", "#0c1212")


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two ``#rrggbb`` colours, 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def problem_with(colour: str, *, on: tuple[str, ...]) -> str | None:
    """Why this colour cannot carry text on these surfaces, or None."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return "Write the colour as # and six digits, such as #0a566b."
    least = min(contrast(colour, surface) for surface in on)
    if least < LEAST_CONTRAST:
        theme = "light" if on is ON_LIGHT else "dark"
        return f"The contrast in the {theme} theme is {least:.1f} to 1, and has to be 4.5 to 1 for people to read it."
    return None


def for_dark(colour: str) -> str:
    """The same hue, lightened until it can be read in the dark theme."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    for share in range(101):
        lighter = "#" + "".join(f"{part + (255 - part) * share // 100:02x}" for part in parts)
        if problem_with(lighter, on=ON_DARK) is None:
            return lighter
    return "#ffffff"


def _luminance(colour: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
