"""Whatever people and teams write, a form keeps the limits of Block Kit, and nothing in it becomes markup."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from incidents.slack.modals import parts
from tests.slack_api import checked_view


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=400), st.integers(1, 30))
@example("&", 5000)
@example("<!channel> *x* @here\n", 400)
@example("", 1)
@example("\n \t", 1)
def test_every_part_fits(words: str, times: int) -> None:
    long = words * times
    option = parts.option(long or "x", long, long)
    view = parts.form(
        "x",
        title=long,
        blocks=[
            *[parts.sentence(long, is_bold=True), parts.sentence(long), parts.quiet(long), parts.quoted(long)],
            parts.text("a", long, long, hint=long, longest=200),
            parts.text("b", "b", long, lines=True),
            parts.pick("c", long, [option], option.value, hint=long),
            parts.pick("d", "d", [option] * 150, as_list=True),
            *[parts.quiet(str(number)) for number in range(150)],
        ],
        kept={"once": parts.new_key()},
        submit=long or "Go",
        close=long,
    )

    checked_view(view)
    for block in view["blocks"][:3]:
        shown = str(block.get("text") or block["elements"])
        assert "<" not in shown.replace("&lt;", "")
    said = parts.said(long, [long], buttons=[parts.press(long, "x"), parts.way(long, f"https://example.com/{long}")])
    assert checked_view(said)["blocks"]
