"""What people typed comes out formatted, and never as a program, a second header or a crash."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from incidents.kernel import text

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example/)",
    "[x](/console/incidents)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](https://example.com/x.png)',
    '[x](https://example.com "onmouseover=alert(1)")',
    '[x](https://example.com" onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "> <style>*{background:url(javascript:alert(1))}</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<form action=//evil.example><button>x</button></form>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "</p></div><h1 onclick=alert(1)>x",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x02wzxhzdk:0\x03<script>alert(1)</script>",
    "<title><img src=x onerror=alert(1)></title>",
]
ALLOWED = {"p", "br", "a", "ul", "ol", "li", "code", "pre", "strong", "em", "blockquote", "h3", "h4", "h5"}


class Inspector(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)


def is_harmless(rendered: str) -> bool:
    found = Inspector(rendered)
    return found.tags <= ALLOWED and all(
        name == "rel" or (name == "href" and re.match(r"(?:https?|mailto):", value or ""))
        for name, value in found.attributes
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_survives_rendering(attack: str) -> None:
    rendered = text.render_markdown(attack)

    assert is_harmless(rendered), rendered


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>&\"'[]()!*_`#-+=~|\\ \n\t:/ahrefjsxon1.\x00\x02\x03\u2028é"), max_size=200))
@example("<" * 50)
def test_nothing_typed_breaks_it(source: str) -> None:
    assert is_harmless(text.render_markdown(source))
    text.plain(source)


def test_the_usual_marks_work() -> None:
    rendered = text.render_markdown(
        "We **know** the *cause*.\nMore at <https://example.com>.\n\n- one\n- two\n\n> said"
    )

    assert "<strong>know</strong>" in rendered
    assert "<em>cause</em>.<br>" in rendered
    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">' in rendered
    assert "<li>one</li>" in rendered
    assert "<blockquote>" in rendered


def test_headings_stand_below_those_of_the_page() -> None:
    assert text.render_markdown("# One") == "<h3>One</h3>"
    assert text.render_markdown("###### Six") == "<h5>Six</h5>"


def test_raw_html_is_shown_and_not_obeyed() -> None:
    assert text.render_markdown("a <b>b</b>") == "<p>a &lt;b&gt;b&lt;/b&gt;</p>"


@pytest.mark.parametrize(
    "source",
    ["a" * 20_001, "[a" * 5_000, "> " * 12 + "deep", "a\n=\n" * 2_000, "    " * 12 + "- deep"],
    ids=["long", "brackets", "quotes", "lines", "lists"],
)
def test_what_would_keep_the_parser_busy_is_shown_without_formatting(source: str) -> None:
    rendered = text.render_markdown(source + "\n**x** <b>")

    assert "**x** &lt;b&gt;" in rendered


def test_a_crash_of_the_parser_shows_the_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: object) -> str:
        raise AssertionError

    monkeypatch.setattr("markdown.Markdown.convert", crash)

    assert text.render_markdown("**x** <b>\nnext") == "<p>**x** &lt;b&gt;<br>\nnext</p>"


def test_plain_text_keeps_addresses_lists_and_paragraphs() -> None:
    source = "# Now\nSee [the page](https://example.com) & wait.\n\n- one\n    - inner\n- two\n\n3. x\n4. y\n\n    a  b\n\nEnd"

    assert text.plain(source) == (
        "Now\n\nSee the page (https://example.com) & wait.\n\n- one\n  - inner\n- two\n\n1. x\n2. y\n\na  b\n\nEnd"
    )


def test_an_address_shown_as_itself_is_not_repeated() -> None:
    assert text.plain("<https://example.com>") == "https://example.com"


@pytest.mark.parametrize(
    "given",
    ["a\r\nBcc: x@y", "a\nb", "a\x00b", "a\u2028b", "a\x85b", "a\x0bb", "=?utf-8?q?a=0ABcc=3A_evil=40x?="],
)
def test_a_header_stays_one_header(given: str) -> None:
    safe = text.header_safe(given)

    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\?", safe)


def test_a_header_keeps_letters_of_every_script() -> None:
    assert text.header_safe("INC-1: Ausfälle  東京 🔔") == "INC-1: Ausfälle 東京 🔔"
