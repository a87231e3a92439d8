"""Lists of reasons: what is written is read back, every text can be read, and a move loses nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import outlines
from incidents.policy.outlines import Item

words = st.text(alphabet="abc *-1.\n#", max_size=12)
items = st.lists(st.builds(Item, words, st.integers(0, 9)), max_size=12)


@given(items)
@settings(max_examples=50)
def test_a_list_that_was_written_is_read_back(given_items: list[Item]) -> None:
    once = outlines.read(outlines.write(given_items))
    assert outlines.read(outlines.write(once)) == once
    assert "".join(outlines.write(given_items).split()) != "" or not outlines.tidy(given_items)


def test_a_move_takes_along_what_is_beneath() -> None:
    rows = outlines.read("- Requests failed\n    - No connections\n        - The pool\n    - No alarm\n- Slow pages")

    up, at = outlines.moved(rows, 3, "up")
    dropped, _ = outlines.moved(rows, 1, "drop")
    asked, new = outlines.moved(rows, 2, "why")

    assert ([each.text for each in up], at) == (
        ["Requests failed", "No alarm", "No connections", "The pool", "Slow pages"],
        1,
    )
    assert [(each.text, each.depth) for each in dropped][:3] == [
        ("Requests failed", 0),
        ("The pool", 1),
        ("No alarm", 1),
    ]
    assert (asked[new].text, asked[new].depth) == ("", 3)
    assert outlines.moved(rows, 99, "up")[0] == rows
    assert outlines.moved(rows, 4, "down")[0] == rows


def test_old_texts_with_one_reason_a_line_are_lists_and_tables_are_none() -> None:
    assert outlines.read("It was night.\nNobody looked.\n  really") == [
        Item("It was night."),
        Item("Nobody looked.\nreally"),
    ]
    assert outlines.read("1. one\n   1. two\n2. three") == [Item("one"), Item("two", 1), Item("three")]
    assert [item.depth for item in outlines.items_of("five_whys", "1. a\n2. b\n3. c")] == [0, 1, 2]
    assert [item.depth for item in outlines.items_of("five_whys", "- a\n- b")] == [0, 0]
    assert [item.depth for item in outlines.items_of("lucky", "a\nb")] == [0, 0]
    assert not outlines.is_outline("| a | b |\n|---|---|")
    assert outlines.joined("- a\n- b", "- b\n- c") == "- a\n- b\n- c"
