"""What forms are made of: everything is cut to what Slack takes, and slack-sdk's own rules are asked before it leaves.

A field's name is its ``block_id`` and its ``action_id``, so that an error that an action names stands at its field.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    ContextBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    SectionBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from ...messages.slack_blocks import escaped

# https://docs.slack.dev/reference/block-kit and …/reference/views/modal-views
LONGEST_INPUT: Final = 3000
MOST_OPTIONS: Final = 100
_LONGEST_TITLE, _LONGEST_OPTION, _LONGEST_PLACEHOLDER, _LONGEST_HINT, _LONGEST_URL = 24, 75, 150, 2000, 3000
_MOST_BLOCKS = 100
_MOST_LINES = 100
_CLOSE = "Close"


def form(
    name: str,
    *,
    title: str,
    blocks: Sequence[Block],
    kept: Mapping[str, Any] | None = None,
    submit: str = "",
    close: str = "Cancel",
    closes_all: bool = False,
) -> dict[str, Any]:
    """A form as ``views.open`` takes it. ``kept`` comes back with it, unseen; without ``submit`` it only says something."""
    return View(
        type="modal",
        callback_id=name,
        title=plain(title, _LONGEST_TITLE),
        submit=plain(submit, _LONGEST_TITLE) if submit else None,
        close=plain(close, _LONGEST_TITLE),
        blocks=blocks[:_MOST_BLOCKS],
        private_metadata=json.dumps(dict(kept or {}), separators=(",", ":")),
        clear_on_close=closes_all,
    ).to_dict()


def said(title: str, sentences: Iterable[str], *, buttons: Sequence[ButtonElement] = ()) -> dict[str, Any]:
    """What became of it, in the place of the form; closing it closes all that lies beneath."""
    blocks = [*(sentence(each) for each in sentences), *([row(buttons)] if buttons else [])]
    return form("said", title=title, blocks=blocks, close=_CLOSE, closes_all=True)


def in_place(view: Mapping[str, Any]) -> dict[str, Any]:
    """The answer that puts this form where the one that was sent stood."""
    return {"response_action": "update", "view": dict(view)}


def on_top(view: Mapping[str, Any]) -> dict[str, Any]:
    """The answer that lays this form on the one that was sent, which comes back when this one is closed."""
    return {"response_action": "push", "view": dict(view)}


def new_key() -> str:
    """A name for one filling of a form, by which it acts once."""
    return secrets.token_urlsafe(12)


# ---- what is read ----


def sentence(text: str, *, is_bold: bool = False) -> Block:
    """Words of ours and of people; nothing in them is markup."""
    shown = _fitting(text.replace("*", "∗") if is_bold else text, 2990)
    return SectionBlock(text=MarkdownTextObject(text=f"*{shown}*" if is_bold else shown, verbatim=True))


def quiet(text: str) -> Block:
    """The same, small."""
    return ContextBlock(elements=[MarkdownTextObject(text=_fitting(text, 2990), verbatim=True)])


def quoted(text: str) -> Block:
    """What somebody else wrote, set off."""
    lines = _fitting("\n".join(text.splitlines()[:_MOST_LINES]), 2500).split("\n")
    return SectionBlock(text=MarkdownTextObject(text="\n".join(f"> {line}" for line in lines), verbatim=True))


def press(label: str, name: str, *, is_main: bool = False) -> ButtonElement:
    """A button that is told to us by that name."""
    return ButtonElement(text=plain(label, _LONGEST_OPTION), action_id=name, style="primary" if is_main else None)


def row(buttons: Sequence[ButtonElement]) -> Block:
    """Buttons beside each other."""
    return ActionsBlock(elements=list(buttons))


def way(label: str, address: str) -> ButtonElement:
    """A button that leads to a page."""
    return ButtonElement(
        text=plain(label, _LONGEST_OPTION), action_id=f"link:{label}"[:255], url=address[:_LONGEST_URL]
    )


def _fitting(words: str, longest: int) -> str:
    """Escaped, and cut so that it then still fits; never inside what was escaped."""
    cut = words[:longest]
    while len(escaped(cut)) > longest - 1:
        cut = cut[: -max(1, (len(escaped(cut)) - longest) // 5)]
    return (escaped(cut) if cut == words else f"{escaped(cut)}…") or "…"


# ---- what is filled in ----


def text(
    name: str,
    label: str,
    value: str = "",
    *,
    hint: str = "",
    longest: int = LONGEST_INPUT,
    lines: bool = False,
    optional: bool = False,
) -> Block:
    """A text. A ``value`` that is too long for Slack is not begun with: who sends it back would cut it."""
    fits = 0 < len(value) <= longest
    element = PlainTextInputElement(
        action_id=name, initial_value=value if fits else None, multiline=lines, max_length=min(longest, LONGEST_INPUT)
    )
    return field(name, label, element, hint=hint, optional=optional)


def option(value: str, label: str, more: str = "") -> Option:
    """One choice; ``more`` says what it means."""
    described = plain(more, _LONGEST_OPTION) if more else None
    return Option(value=value[:150], text=plain(label or value, _LONGEST_OPTION), description=described)


def pick(
    name: str,
    label: str,
    options: Sequence[Option],
    value: str = "",
    *,
    hint: str = "",
    optional: bool = False,
    as_list: bool = False,
) -> Block:
    """One of several, all to be seen; ``as_list`` folds them into a menu."""
    chosen = next((each for each in options if each.value == value), None)
    if as_list:
        element: InputInteractiveElement = StaticSelectElement(
            action_id=name,
            options=options[:MOST_OPTIONS],
            initial_option=chosen,
            placeholder=plain("Choose", _LONGEST_PLACEHOLDER),
        )
    else:
        element = RadioButtonsElement(action_id=name, options=options[:10], initial_option=chosen)
    return field(name, label, element, hint=hint, optional=optional)


def tick(name: str, label: str, sentence_: str) -> Block:
    """A box to tick; whether it had to be is for whoever reads it."""
    box = CheckboxesElement(action_id=name, options=[option("1", sentence_)])
    return field(name, label, box, optional=True)


def somebody(name: str, label: str, *, hint: str = "", user: str | None = None) -> Block:
    """A user of Slack."""
    return field(name, label, UserSelectElement(action_id=name, initial_user=user), hint=hint)


def field(name: str, label: str, element: Any, *, hint: str = "", optional: bool = False) -> Block:
    """An element with its label and what is said beneath it."""
    return InputBlock(
        block_id=name,
        label=plain(label, _LONGEST_HINT),
        element=element,
        hint=plain(hint, _LONGEST_HINT) if hint else None,
        optional=optional,
    )


def plain(words: str, longest: int) -> PlainTextObject:
    """One line without any markup, cut."""
    shown = " ".join(words.split()) or "…"
    return PlainTextObject(text=shown if len(shown) <= longest else f"{shown[: longest - 1]}…", emoji=False)
