"""A text that people wrote, set into a larger Markdown document without breaking it, wherever that is drawn."""

from __future__ import annotations

import re

_DEEPEST = 6
_BENEATH = 2  # levels: the document has its title, and a heading above each text
_LISTED = r"(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))+[ \t]*"
_HEADING = re.compile(rf"^( {{0,3}}|{_LISTED})(#{{1,6}})(?=[ \t]|$)")
_UNDERLINE = re.compile(r"^ {0,3}(?=(?:=+|-+)[ \t]*$)")
_FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_CODE = re.compile(r"((?<!`)(`+)(?!`).+?(?<!`)\2(?!`))")
_MARKED = re.compile(r"^(?:\s|\||#{1,6}\s|>|[-*+]\s|\d{1,9}[.)]\s|```|~~~|$)")  # more than a line of words
_BREAK = "  "
# what opens raw HTML; <https://…> in the same brackets is an address
_TAG = re.compile(r"<(?=[A-Za-z/!?])(?!(?:https?://|mailto:)[^\s<>]*>)")


def embedded(text: str) -> str:
    """Its headings stand below the document's own, what looks like HTML is words, and a fence left open is closed.

    Lines of words stay lines, as the console shows them: elsewhere a single line break is a blank.
    """
    lines: list[str] = []
    fence, is_words = "", False
    for line in text.splitlines():
        found = _FENCE.match(line)
        if fence:
            is_end = found and found[1].startswith(fence) and not found[2].strip()
            fence = "" if is_end else fence
            lines.append(line)
        elif found:
            fence = found[1]
            lines.append(line)
        else:
            if is_words and not _MARKED.match(line):
                lines[-1] += _BREAK
            lines.append(_line(line, follows=bool(lines and lines[-1].strip())))
        is_words = not fence and not _MARKED.match(line)
    return "\n".join([*lines, fence] if fence else lines)


def as_words(text: str) -> str:
    """One line without raw HTML, for a heading or a sentence."""
    return _TAG.sub("&lt;", " ".join(text.split()))


def _line(line: str, *, follows: bool) -> str:
    if follows and (under := _UNDERLINE.match(line)):
        return f"{under[0]}\\{line[under.end() :]}"  # it would make a heading of the line before
    line = _HEADING.sub(lambda found: found[1] + "#" * min(_DEEPEST, len(found[2]) + _BENEATH), line)
    pieces = _CODE.split(line)  # words, a span of code, its ticks, words, …
    words = (_TAG.sub("&lt;", piece) for piece in pieces[::3])
    return "".join(word + code for word, code in zip(words, [*pieces[1::3], ""], strict=True))
