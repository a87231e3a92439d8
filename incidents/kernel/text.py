"""Text that people typed, made safe for where it goes: a page, a plain message, a header."""

from __future__ import annotations

import functools
import re
import threading
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

import markdown
import nh3
from markdown.treeprocessors import Treeprocessor
from markupsafe import Markup, escape

# The parser's time grows with the square of these (9,000 brackets: 30 s); beyond, text is shown without formatting.
LONGEST_SOURCE = 20_000  # characters
_MOST_LINES = 1_000
_MOST_BRACKETS = 500_000  # times the length: each open one is looked for to the end
_DEEPEST = 12  # quotes and lists inside one another
_TAGS = {"p", "br", "a", "ul", "ol", "li", "code", "pre", "strong", "em", "blockquote", "h3", "h4", "h5"}
_SCHEMES = {"http", "https", "mailto"}
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h5", "h6": "h5"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_NESTING = re.compile(
    rf"^(?:[ \t]*(?:>|[-*+][ \t]|\d{{1,9}}[.)][ \t])){{{_DEEPEST}}}|^(?: {{4}}|\t){{{_DEEPEST}}}", re.MULTILINE
)
_kept = threading.local()


@functools.lru_cache(maxsize=64)  # so that a door can render before it locks anything, and the action finds it done
def render_markdown(source: str) -> Markup:
    """Markdown as safe HTML: a short list of tags, no raw HTML, links to http, https and mailto only.

    Text that is too long, too deeply nested or breaks the parser comes out escaped, with its line breaks.
    """
    source = _storable(source)
    if _is_too_much(source):
        return _unformatted(source)
    try:
        rendered = _parser().convert(source)
    except Exception:  # noqa: BLE001 - the parser has crashed on odd text before (CVE-2025-69534), and text must be shown
        _kept.parser = None
        return _unformatted(source)
    # nh3 has just taken everything dangerous out, which is what makes it Markup
    return Markup(  # noqa: S704
        nh3.clean(
            rendered,
            tags=_TAGS,
            attributes={"a": {"href"}, "*": set()},  # "*": it would let title and lang through
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
            url_relative="deny",
        )
    )


def _storable(source: str) -> str:
    """Without half characters, which nothing downstream can write out, and without NUL."""
    return source.encode("utf-8", "replace").decode().replace("\x00", "")


def _is_too_much(source: str) -> bool:
    return (
        len(source) > LONGEST_SOURCE
        or source.count("\n") > _MOST_LINES
        or source.count("[") * len(source) > _MOST_BRACKETS
        or _NESTING.search(source) is not None
    )


def _unformatted(source: str) -> Markup:
    lines = [escape(line) for line in source.splitlines()]
    return Markup("<p>{}</p>").format(Markup("<br>\n").join(lines))


def _parser() -> markdown.Markdown:
    """One a thread: it keeps state while it works."""
    parser: markdown.Markdown | None = getattr(_kept, "parser", None)
    if parser is None:
        parser = markdown.Markdown(extensions=["nl2br", "sane_lists"], output_format="html")
        # without these two, raw HTML is text like any other and comes out escaped
        parser.preprocessors.deregister("html_block")
        parser.inlinePatterns.deregister("html")
        parser.treeprocessors.register(_LowerHeadings(parser), "lower_headings", 5)
        _kept.parser = parser
    return parser.reset()


class _LowerHeadings(Treeprocessor):
    """The page has its own h1 and h2."""

    def run(self, root: Element) -> None:
        for element in root.iter():
            element.tag = _HEADINGS.get(element.tag, element.tag)


def plain(source: str) -> str:
    """The same text without any markup, for mail and feeds: links keep their address, lists their dashes."""
    reader = _PlainReader()
    reader.feed(str(render_markdown(source)))
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()


class _PlainReader(HTMLParser):
    """Reads our own safe HTML back as plain text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._numbers: list[int | None] = []
        self._verbatim = 0
        self._at_item = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"p", "pre", "blockquote", "h3", "h4", "h5"} and not self._at_item:
            self.parts.append("\n\n")
        elif tag in {"ul", "ol"}:
            self.parts.append("" if self._numbers else "\n")
            self._numbers.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._start_item()
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            address, start = self._links.pop()
            if address.removeprefix("mailto:") not in {"", "".join(self.parts[start:])}:
                self.parts.append(f" ({address})")
        elif tag in {"ul", "ol"} and self._numbers:
            self._numbers.pop()
            self.parts.append("" if self._numbers else "\n\n")
        self._verbatim -= tag == "pre"

    def handle_data(self, data: str) -> None:
        # the parser writes line ends between tags that mean nothing, and after <br> where we have written our own
        kept = data if self._verbatim else data.strip("\n")
        self._at_item = self._at_item and not kept
        self.parts.append(kept)

    def _start_item(self) -> None:
        number = self._numbers[-1] if self._numbers else None
        self.parts.append("\n" + "  " * (len(self._numbers) - 1) + ("- " if number is None else f"{number}. "))
        if number is not None:
            self._numbers[-1] = number + 1
        self._at_item = True


def one_line(text: str) -> str:
    """The text on a single line: line breaks, tabs and control characters become one space."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def header_safe(text: str) -> str:
    """One line that can stand in a mail header and begins no second one.

    The standard library decodes ``=?…?=`` words inside a subject and writes out the line break hidden in
    them (CVE-2024-6923), so their opening is broken up.
    """
    return one_line(text).replace("=?", "= ?")
