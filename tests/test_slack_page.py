"""The status page's words in Slack: the same ones, and nothing that people wrote becomes markup again."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import RichTextBlock

from incidents.kernel.text import render_markdown
from incidents.messages.slack_page import rich_text

PANEL = (
    '<p class="pv-page">The service is down</p><svg><symbol><path d="M1"/></symbol></svg><article><header>'
    '<h2>A &lt;b&gt; title</h2><div class="facts"><span class="st"><svg><use href="#i"/></svg><span>Major outage</span></span>'
    "<span>Affects API</span><time>Started 02:14 UTC</time></div></header>"
    '<ol class="upd"><li><div class="k">Identified<time>02:14 UTC</time></div><div class="b">{}</div></li>'
    "<li><div>Earlier</div></li></ol></article>"
)
TEXT = "One *and* `two`\nthree <!channel>\n\n- a\n    - inner\n- b\n\n1. x\n2. [y](https://example.com/)\n\n> said\n"


def lines(html: str) -> list[str]:
    """Each line as it is read, with its kind where it is no plain one."""
    said = []
    for element in rich_text(html):
        rows = element["elements"] if element["type"] == "rich_text_list" else [element]
        kind = element["type"].removeprefix("rich_text_")
        mark = "" if kind == "section" else f"{element.get('style', kind)}{element.get('indent') or ''}: "
        said += [mark + "".join(part["text"] for part in row["elements"]) for row in rows]
    return said


def test_a_panel_reads_as_on_the_page() -> None:
    html = PANEL.format(render_markdown(TEXT))

    assert lines(html) == [
        "The service is down",
        "A <b> title",
        "Major outage · Affects API · Started 02:14 UTC",
        "Identified · 02:14 UTC",
        "One and two",
        "three <!channel>",
        "bullet: a",
        "bullet1: inner",
        "bullet: b",
        "ordered: x",
        "ordered: y",
        "quote: said",
    ]
    assert '"url": "https://example.com/"' in json.dumps(rich_text(html))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_written_slack_takes_it(written: str) -> None:
    found = rich_text(str(render_markdown(written)))

    RichTextBlock(elements=found).validate_json()
    assert "channel_id" not in json.dumps(found)
    assert all(part["type"] in ("text", "link") and part["text"] for part in _parts(found))


def _parts(elements: list[dict]) -> list[dict]:  # type: ignore[type-arg]
    rows = [row for each in elements for row in (each["elements"] if each["type"] == "rich_text_list" else [each])]
    return [part for row in rows for part in row["elements"]]
