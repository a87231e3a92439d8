"""Slack's blocks: everything people wrote is escaped, and cut to what Slack takes, with the way to the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .letters import ACKNOWLEDGE, NO_CHANGE, POST_UPDATE, Button, Letter

# https://docs.slack.dev/reference/block-kit/blocks; two blocks are left for what is added later
_MOST_BLOCKS, _LONGEST_SECTION, _LONGEST_FALLBACK = 48, 3000, 3900
_MOST_FIELDS, _LONGEST_FIELD, _LONGEST_NOTE, _MOST_NOTES = 10, 250, 300, 4
_MOST_BUTTONS, _LONGEST_LABEL, _LONGEST_URL, _LONGEST_ID, _LONGEST_VALUE = 25, 75, 3000, 255, 200
# of all blocks together, as JSON: Slack names no number, and has been seen to say msg_blocks_too_long at some 13,200
# (https://github.com/slackapi/bolt-js/issues/2509)
_LONGEST_MESSAGE, _LONGEST_ROW, _A_SECTION = 10_500, 4_000, 100
_LONGEST_LEAD, _LEAST = 1000, 50
_OFFER = "offer"  # a block's name
# what would name people or channels: unescaped it is markup, and these words of plain text are links where they are on
_AT = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_ESCAPED_HALF = re.compile(r"&[a-z]{0,3}$")
_IN_ADDRESSES = "/:?#[]@!$&'()*+,;=%~-._"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Line:
    """Something to say: its beginning stands out."""

    lead: str
    more: str = ""

    def __str__(self) -> str:
        return f"{self.lead} {self.more}".strip()


def escaped(text: str) -> str:
    """Text from outside as Slack shows it: nothing in it is a link, a mention or a sign of markup's brackets."""
    plain = _CONTROLS.sub(" ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _AT.sub("@\u200b", plain)


def of_letter(letter: Letter) -> dict[str, Any]:
    """One letter as ``chat.postMessage`` takes it."""
    return post(
        headline=letter.subject_line,
        paragraphs=[*letter.paragraphs, *([f"{letter.template}"] if letter.template else [])],
        buttons=letter.buttons,
        incident=letter.thread,
        read_on=next((button.address for button in letter.buttons if button.address and not button.act), ""),
    )


def post(
    *,
    headline: str = "",
    paragraphs: Sequence[str | Line] = (),
    fields: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
    offer: str = "",
    buttons: Sequence[Button] = (),
    incident: str | None = None,
    read_on: str = "",
    text: str = "",
) -> dict[str, Any]:
    """``text`` for notifications and for whoever reads no blocks, ``blocks`` for everybody else.

    What is too long ends with a link to ``read_on``, where the rest can be read. ``asks`` names what the buttons do in
    place, so that they can be taken away once it was done, and the ``offer``, which explains them, with them.
    """
    begin = [_section(_bold(headline))] if headline.strip() else []
    quiet = [*map(note, notes[:_MOST_NOTES]), *([{**note(offer), "block_id": _OFFER}] if offer else [])]
    end = [*_fields(fields), *quiet, *_actions(buttons, incident)]
    left = _LONGEST_MESSAGE - len(json.dumps([*begin, *end], ensure_ascii=False))
    body = _body(paragraphs, _MOST_BLOCKS - len(begin) - len(end), left, read_on)
    said = text or "\n".join(each for each in (headline, *map(str, paragraphs), *notes) if each)
    asks = [button.act for button in buttons if _is_act(button, incident)]
    return {
        "text": _fallback(said, read_on),
        "blocks": [*begin, *body, *end],
        **({"asks": " ".join(asks)} if asks else {}),
    }


def note(text: str) -> dict[str, Any]:
    """A quiet line; plain text, in which nothing is markup."""
    shown = _CONTROLS.sub(" ", text).strip() or "…"
    shown = shown if len(shown) <= _LONGEST_NOTE else f"{shown[: _LONGEST_NOTE - 1]}…"
    return {"type": "context", "elements": [{"type": "plain_text", "text": shown, "emoji": False}]}


def _fallback(text: str, read_on: str) -> str:
    cut = _fitting(text, _LONGEST_FALLBACK)
    if read_on and _taken(text, _LONGEST_FALLBACK) < len(text) and len(read_on) < _LONGEST_URL // 2:
        return _fitting(text, _LONGEST_FALLBACK - len(escaped(read_on)) - 10) + f" read on: {escaped(read_on)}"
    return cut


# ---- the body ----


def _body(paragraphs: Sequence[str | Line], most: int, left: int, read_on: str) -> list[dict[str, Any]]:
    """At most so many blocks and characters; where something was cut, the last one ends with the way to the rest."""
    way = _link(read_on, "read on")
    most = max(1, min(most, (left - len(way)) // (_A_SECTION + _LEAST)))
    kept = paragraphs[:most]
    lengths = [len(escaped(str(each))) + _A_SECTION for each in kept]
    longest = _longest_that_fit(lengths, left - len(way)) - _A_SECTION
    shown: list[str] = []
    is_cut = is_missing = len(paragraphs) > most
    for paragraph in kept:
        whole, was_cut = _cut(paragraph, max(longest, _LEAST))
        pieces = [*_pieces(whole, _LONGEST_SECTION - len(way) - 2)]
        if was_cut and pieces:
            pieces[-1] += "…"
        shown += pieces
        is_cut = is_cut or was_cut
    if len(shown) > most:
        shown, is_missing = shown[:most], True
    if shown and (is_missing or (is_cut and way)):
        shown[-1] = f"{shown[-1].removesuffix('…')}… {way}".rstrip()
    return [_section(piece) for piece in shown]


def _longest_that_fit(lengths: Sequence[int], room: int) -> int:
    """How long each may be so that all of them fit: the short ones stay whole, and the longest are cut."""
    low, high = 0, max(lengths, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        fits = sum(min(each, middle) for each in lengths) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return low if low < max(lengths, default=0) else _LONGEST_MESSAGE


def _cut(paragraph: str | Line, longest: int) -> tuple[str | Line, bool]:
    if len(escaped(str(paragraph))) <= longest:
        return paragraph, False
    if isinstance(paragraph, str):
        return paragraph[: _taken(paragraph, longest)], True
    lead = paragraph.lead[: _taken(paragraph.lead, longest)]
    room = longest - len(escaped(lead))
    return Line(lead, paragraph.more[: _taken(paragraph.more, room)] if room > _LEAST else ""), True


def _link(address: str, label: str) -> str:
    """A link of ours; its address cannot end it."""
    if not address or len(address) > _LONGEST_URL // 2:
        return ""
    safe = quote(address, safe=_IN_ADDRESSES).replace("&", "&amp;")
    return f"<{safe}|{label}>"


def _pieces(paragraph: str | Line, longest: int) -> Iterable[str]:
    """A long paragraph in as many blocks as it needs, cut between characters and never inside what was escaped."""
    lead, rest = "", paragraph
    if isinstance(paragraph, Line):
        lead, rest = _bold(paragraph.lead), paragraph.more
    assert isinstance(rest, str)
    rest = rest.strip()
    if lead:
        piece = _fitting(rest, longest - len(lead) - 1, mark="") if rest else ""
        yield f"{lead} {piece}".strip()
        rest = rest[_taken(rest, longest - len(lead) - 1) :] if rest else ""
    while rest:
        yield _fitting(rest, longest, mark="")
        rest = rest[_taken(rest, longest) :]


def _bold(lead: str) -> str:
    one_line = " ".join(_unstarred(lead).split())
    return f"*{_fitting(one_line, _LONGEST_LEAD)}*" if one_line else ""


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _fields(fields: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Label above value, two beside each other."""
    shown = [
        {
            "type": "mrkdwn",
            "text": f"{_bold(label[:_LONGEST_LABEL])}\n{_fitting(value, _LONGEST_FIELD)}",
            "verbatim": True,
        }
        for label, value in fields[:_MOST_FIELDS]
    ]
    return [{"type": "section", "fields": shown}] if shown else []


def _unstarred(text: str) -> str:
    return text.replace("*", "∗")  # one in the middle would end what is bold


def _fitting(text: str, longest: int, mark: str = "…") -> str:
    taken = _taken(text, longest)
    return escaped(text) if taken == len(text) else escaped(text[: _taken(text, longest - len(mark))]) + mark


def _taken(text: str, longest: int) -> int:
    """How many characters still fit once they are escaped; at least one."""
    if len(escaped(text)) <= longest:
        return len(text)
    low, high = 1, min(len(text), longest)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(escaped(text[:middle])) <= longest else (low, middle - 1)
    return low


# ---- buttons ----


def _actions(buttons: Sequence[Button], incident: str | None) -> list[dict[str, Any]]:
    """One row; a button whose address is too long is left out, for Slack would refuse the whole message."""
    row = [
        _button(number, button, incident)
        for number, button in enumerate(buttons[:_MOST_BUTTONS])
        if len(button.address) <= _LONGEST_URL and (button.address or button.act)
    ]
    while len(json.dumps(row)) > _LONGEST_ROW:
        row.pop()
    first = next((each for act in (ACKNOWLEDGE, POST_UPDATE) for each in row if _does(each, act)), None)
    if first is not None:
        first["style"] = "primary"
    return [{"type": "actions", "elements": row}] if row else []


def _button(number: int, button: Button, incident: str | None) -> dict[str, Any]:
    """What is done in place is named by its action; ``channels.slack`` decides whether Slack can do it there."""
    is_act = _is_act(button, incident)
    shown: dict[str, Any] = {
        "type": "button",
        "text": {"type": "plain_text", "text": button.label[:_LONGEST_LABEL] or "…", "emoji": False},
        "action_id": (f"{button.act}:{incident}" if is_act else button.act or f"link:{number}")[:_LONGEST_ID],
    }
    if button.address:
        shown["url"] = button.address
    if is_act:
        shown["value"] = (button.value or str(incident))[:_LONGEST_VALUE]
    return shown


def _is_act(button: Button, incident: str | None) -> bool:
    """Whether it does something with this incident; a word with a colon is whole as it is."""
    return bool(button.act) and incident is not None and ":" not in button.act


def _does(button: dict[str, Any], act: str) -> bool:
    return str(button["action_id"]).startswith(f"{act}:")


def without(payload: dict[str, Any], acts: Iterable[str], *, said: str) -> dict[str, Any]:
    """The same message once somebody has done what these buttons ask for: they are gone, and it says who did it."""
    over = {*acts}
    blocks: list[dict[str, Any]] = []
    for block in payload["blocks"]:
        if block.get("block_id") == _OFFER and NO_CHANGE in over:
            continue
        if block["type"] != "actions":
            blocks.append(block)
            continue
        row = [each for each in block["elements"] if not any(_does(each, act) for act in over)]
        blocks += [note(said), *([{**block, "elements": row}] if row else [])]
    left = [act for act in str(payload.get("asks", "")).split() if act not in over]
    text = _fitting(said, _LONGEST_NOTE)
    before = str(payload["text"])
    if len(before) > _LONGEST_FALLBACK - len(text):
        before = _ESCAPED_HALF.sub("", before[: _LONGEST_FALLBACK - len(text) - 1]) + "…"
    return {
        **payload,
        "text": f"{before}\n{text}",
        "blocks": blocks[: _MOST_BLOCKS + 2],
        "asks": " ".join(left),
    }
