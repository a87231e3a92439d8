"""Whatever people and teams write, a form keeps the limits of Block Kit, and nothing in it becomes markup."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from incidents.slack.acted import Acted
from incidents.slack.modals import parts
from incidents.slack.modals.filled import Filled
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


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["a", "value", "selected_option", "selected_options", "selected_user", "element", "block_id"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(_JSON, _JSON, st.text(max_size=9) | st.sampled_from(["[", "[]", '{"once":[1],"after":true,"ref":{}}', "\ud800"]))
def test_whatever_comes_back_with_a_form_is_read_as_words_or_as_nothing(
    state: object, block: object, kept: str
) -> None:
    view = {"state": {"values": {"a": {"a": state}}}, "blocks": [block], "private_metadata": kept}
    for told in ({"view": view}, {"view": state}, {"view": {"state": block, "blocks": state}}):
        filled = Filled(Acted(told, once="once"))
        words = [filled.text("a"), filled.user("a"), filled.once, *filled.values("a"), *filled.opened_with("a")]
        assert all("\x00" not in word for word in words)
        assert 0 <= filled.after < 2**31
