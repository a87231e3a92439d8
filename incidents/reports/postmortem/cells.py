"""A Markdown table's cell."""

from __future__ import annotations

import re

_AGAINST_A_BAR = re.compile(r"\\(?=\|)")


def cell(text: str) -> str:
    """It holds no line break and no bar; a backslash before a bar would let it through, and stands apart from it."""
    return _AGAINST_A_BAR.sub(r"\\ ", " ".join(text.split())).replace("|", "\\|")
