"""Slack's blocks: everything people wrote is escaped, and cut to what Slack takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .letters import ACKNOWLEDGE, COMMAND, Button, Letter

# https://docs.slack.dev/reference/block-kit/blocks
_MOST_BLOCKS, _LONGEST_SECTION, _LONGEST_FALLBACK = 50, 3000, 3900
_MOST_BUTTONS, _LONGEST_LABEL, _LONGEST_URL = 25, 75, 3000
# what would name people or channels: unescaped it is markup, and these words of plain text are links where they are on
_AT = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


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
    )


def post(
    *, headline: str, paragraphs: Sequence[str] = (), buttons: Sequence[Button] = (), incident: str | None = None
) -> dict[str, Any]:
    """``text`` for notifications and for whoever reads no blocks, ``blocks`` for everybody else."""
    blocks = [_section(f"*{_fitting(_unstarred(headline), _LONGEST_SECTION - 2)}*")]
    blocks += [_section(piece) for paragraph in paragraphs for piece in _pieces(paragraph)]
    actions = _actions(buttons, incident)
    blocks = blocks[: _MOST_BLOCKS - len(actions)] + actions
    text = "\n".join([headline, *paragraphs])
    return {"text": _fitting(text, _LONGEST_FALLBACK), "blocks": blocks}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _unstarred(text: str) -> str:
    return text.replace("*", "∗")  # one in the middle would end what is bold


def _pieces(paragraph: str) -> Iterable[str]:
    """A long paragraph in as many blocks as it needs, cut between characters and never inside what was escaped."""
    rest = paragraph.strip()
    while rest:
        piece = _fitting(rest, _LONGEST_SECTION, mark="")
        yield piece
        rest = rest[_taken(rest, _LONGEST_SECTION) :]


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


def _actions(buttons: Sequence[Button], incident: str | None) -> list[dict[str, Any]]:
    """One row; a button whose address is too long is left out, for Slack would refuse the whole message."""
    row = [
        _button(number, button, incident)
        for number, button in enumerate(buttons[:_MOST_BUTTONS])
        if len(button.address) <= _LONGEST_URL and (button.address or button.act)
    ]
    return [{"type": "actions", "elements": row}] if row else []


def _button(number: int, button: Button, incident: str | None) -> dict[str, Any]:
    """Acknowledging is named by its action; ``channels.slack`` decides whether Slack can do it in place."""
    is_act = button.act == ACKNOWLEDGE and incident is not None
    is_word = button.act.startswith(COMMAND)
    shown: dict[str, Any] = {
        "type": "button",
        "text": {"type": "plain_text", "text": button.label[:_LONGEST_LABEL], "emoji": False},
        "action_id": f"acknowledge:{incident}" if is_act else button.act if is_word else f"link:{number}",
    }
    if button.address:
        shown["url"] = button.address
    if is_act:
        shown["style"] = "primary"
        shown["value"] = incident
    return shown
