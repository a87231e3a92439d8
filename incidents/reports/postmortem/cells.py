"""A Markdown table's cell."""

from __future__ import annotations


def cell(text: str) -> str:
    """It holds no line break and no bar."""
    return " ".join(text.split()).replace("|", "\\|")
