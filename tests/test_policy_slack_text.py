"""Slack's markup as people read it: in the Markdown of a timeline, with nothing in it that Slack would hide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from incidents.kernel.text import render_markdown
from incidents.policy import slack_text

NAMES = {"U1": "Ada"}
PARTS = [
    "<",
    ">",
    "|",
    "javascript:alert(1)",
    "https://a.example",
    "@U1",
    "<script>",
    "&lt;script&gt;",
    "](",
    ")",
    "\n",
    "!",
]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("<@U1> and <@U2> and <@U3|lee>", "@Ada and @U2 and @lee"),
        ("<#C1|ops> <#C2>", "#ops #C2"),
        ("<!here> <!subteam^S1|@oncall> <!subteam^S1>", "@here @oncall @subteam"),
        ("<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"),
        ("<https://a.example/x|the graph>", "[the graph](https://a.example/x)"),
        ("<https://a.example/?a=1&amp;b=(2)|a [1]>", "[a \\[1\\]](https://a.example/?a=1&b=%282%29)"),
        ("<https://a.example> <http://a.example|a.example>", "https://a.example http://a.example"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("<javascript:alert(1)|click>", "click"),
        ("a < b and <>", "a < b and "),
    ],
)
def test_signs_are_read_as_slack_shows_them(written: str, read: str) -> None:
    assert slack_text.readable(written, NAMES) == read


@examples(max_examples=50)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_whatever_is_written_is_read_and_shown_safely(written: str) -> None:
    shown = str(render_markdown(slack_text.with_links(slack_text.readable(written, NAMES), [(written, written)])))

    assert 'href="javascript' not in shown
    assert "<script" not in shown
