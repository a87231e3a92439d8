"""Two wordings of one text, compared word by word."""

from __future__ import annotations

import difflib
import re

from markupsafe import Markup, escape

_WORDS = re.compile(r"\s+|[^\s]+")
_LONGEST_DIFF = 4000  # words; beyond, comparing would take longer than reading


def between(before: str, after: str) -> Markup | None:
    """What is gone and what came, where it stood; None where nothing differs."""
    if before == after:
        return None
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > _LONGEST_DIFF:
        return Markup('<p class="pre" dir="auto"><del>{}</del> <ins>{}</ins></p>').format(before, after)
    said = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = escape("".join(old[a:b])), escape("".join(new[c:d]))
        if kind == "equal":
            said.append(gone)
        else:
            said += [Markup("<del>{}</del>").format(gone)] if gone else []
            said += [Markup("<ins>{}</ins>").format(come)] if come else []
    return Markup('<p class="pre" dir="auto">{}</p>').format(Markup("").join(said))
