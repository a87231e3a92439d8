"""The status page's own mark-up as Slack shows it: rich text, in which nothing that people wrote is read as markup again."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any, Final

_BREAKS: Final = frozenset(
    {"p", "div", "h2", "h3", "h4", "h5", "li", "ol", "ul", "blockquote", "pre", "header", "article", "br"}
)
_UNSEEN: Final = frozenset({"svg", "script", "style"})
_STYLES: Final = {
    "strong": "bold",
    "em": "italic",
    "code": "code",
    "h2": "bold",
    "h3": "bold",
    "h4": "bold",
    "h5": "bold",
}
_BESIDE: Final = frozenset({"span", "time"})  # on the page they stand apart
_LONGEST: Final = 12_000  # characters in all: the page itself is a click away

Element = dict[str, Any]


def rich_text(html: str) -> list[Element]:
    """The elements of a ``rich_text`` block. Of an incident's updates only the newest is shown."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.finished()


class _Reader(HTMLParser):
    """Reads a panel of the page, or text that ``kernel.text`` rendered."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._elements: list[Element] = []
        self._line: list[Element] = []
        self._open: list[str] = []
        self._lists: list[Element] = []  # style and number of items, from the outermost
        self._links: list[str] = []
        self._unseen = 0
        self._is_over = False  # the newest update was read
        self._left = _LONGEST

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNSEEN:
            self._unseen += 1
        if tag in _BREAKS:
            self._break()
        if tag == "br":
            return
        if tag in ("ol", "ul"):
            is_list = given.get("class") != "upd"  # of updates, that one is no list to its reader
            self._lists.append({"style": "ordered" if tag == "ol" else "bullet", "is_list": is_list, "items": 0})
        elif tag == "li" and self._lists:
            around = self._lists[-1]
            around["items"] += 1
            self._is_over = self._is_over or (not around["is_list"] and around["items"] > 1)
        elif tag == "a":
            self._links.append(given.get("href") or "")
        elif tag in _BESIDE and self._line:
            self._add(" · ")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        if tag in _BREAKS:
            self._break()
        if tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        if tag == "a" and self._links:
            self._links.pop()
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        shown = data if "pre" in self._open else data.replace("\n", " ")
        if shown.strip() or (self._line and shown):
            self._add(shown)

    def finished(self) -> list[Element]:
        """All of it; at least one element."""
        self._break()
        return self._elements or [{"type": "rich_text_section", "elements": [{"type": "text", "text": "…"}]}]

    def _add(self, words: str) -> None:
        if self._unseen or self._is_over or self._left <= 0:
            return
        words = words[: self._left] + ("…" if len(words) > self._left else "")
        self._left -= len(words)
        style = {_STYLES[tag]: True for tag in self._open if tag in _STYLES and words != " · "}
        part: Element = {"type": "text", "text": words}
        if self._links and self._links[-1]:
            part = {"type": "link", "url": self._links[-1][:3000], "text": words}
        self._line.append({**part, "style": style} if style else part)

    def _break(self) -> None:
        line, self._line = self._line, []
        while line and not line[-1]["text"].strip():
            line.pop()
        if not line:
            return
        line[0]["text"] = line[0]["text"].lstrip(" ")
        lists = [each for each in self._lists if each["is_list"]]
        if lists:
            self._add_item(line, lists)
        elif "pre" in self._open:
            self._elements.append(
                {"type": "rich_text_preformatted", "elements": [_without_code(each) for each in line]}
            )
        elif "blockquote" in self._open:
            self._elements.append({"type": "rich_text_quote", "elements": line})
        else:
            self._elements.append({"type": "rich_text_section", "elements": line})

    def _add_item(self, line: list[Element], lists: list[Element]) -> None:
        style, indent, number = lists[-1]["style"], min(len(lists) - 1, 8), lists[-1]["items"]
        item: Element = {"type": "rich_text_section", "elements": line}
        last = self._elements[-1] if self._elements else {}
        if last.get("type") == "rich_text_list" and (last["style"], last["indent"]) == (style, indent):
            last["elements"].append(item)
            return
        more = {"offset": number - 1} if style == "ordered" and number > 1 else {}
        self._elements.append({"type": "rich_text_list", "style": style, "indent": indent, "elements": [item], **more})


def _without_code(part: Element) -> Element:
    return {name: value for name, value in part.items() if name != "style"}
