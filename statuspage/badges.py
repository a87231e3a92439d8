"""The state in a few letters: a badge for a README, the same for shields.io, and a banner that other sites may frame."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from markupsafe import escape

from incidents.kernel.languages import say, spoken
from incidents.policy.components import ComponentStatus
from incidents.published.wording import speakable

from . import marks, tongues, words
from .look import embedded_look
from .prepared import OPEN, Document
from .sheets import templates
from .snapshot import Picture

# White can be read on each of these at 4.5 to 1 and better, so a badge looks the same on light and on dark pages.
_COLOUR: Mapping[str, str] = {
    "ok": "#11704a",
    "deg": "#855000",
    "part": "#a03f08",
    "maj": "#ad1a2d",
    "mnt": "#28539f",
    "none": "#5b6966",
}
_MOST_LETTERS = 30  # with which a badge stays under 1 kB in any script
_NARROW, _BROAD = "fijlrtI.,:;'|! ()[]-", "mwMWGOQ@%"
_UNKNOWN = "unknown"  # what a badge says when we can no longer see for ourselves


def documents(picture: Picture) -> dict[str, Document]:
    """``/badge.svg`` and ``/badge.json``: the whole page in a word."""
    return {f"/badge{form}": _badge(picture, picture.settings.name, picture.state, form) for form in (".svg", ".json")}


def of_component(picture: Picture, public_id: str, form: str) -> Document | None:
    """``/components/<id>/badge.svg`` and ``.json``; None for one that the page does not show."""
    found = next((each for each in picture.components if each.id == public_id), None)
    return _badge(picture, found.name, found.status, form) if found else None


def embed(picture: Picture, *, base: str) -> Document:
    """``/embed``: the headline as a banner. The only page of ours that may stand in a frame."""
    settings = picture.settings
    chosen = embedded_look(settings.accent, settings.accent_dark)
    key = words.DARK if picture.dark_since else marks.KEY[picture.state]
    html = templates.get_template("embed.html").render(
        base=base,
        site=say("{name} status", name=settings.name),
        asks=tongues.asks(spoken(), settings),
        key=key,
        shape=marks.shape(key),
        look=chosen,
        headline=words.headline(picture),
        minute=picture.minute,
        as_of=words.as_of(picture),
    )
    headers = {
        **OPEN,
        "Content-Language": spoken(),
        "Content-Security-Policy": chosen.policy,
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Robots-Tag": "noindex",
    }
    return Document("text/html; charset=utf-8", html.strip().encode("utf-8", "replace"), headers)


def _badge(picture: Picture, label: str, status: ComponentStatus, form: str) -> Document:
    key = words.DARK if picture.dark_since else marks.KEY[status]
    word = _UNKNOWN if picture.dark_since else marks.WORD[key].lower()
    return (_svg if form == ".svg" else _json)(_short(label), word, _COLOUR[key])


def _json(label: str, word: str, colour: str) -> Document:
    """https://shields.io/badges/endpoint-badge"""
    body = {"schemaVersion": 1, "label": label, "message": word, "color": colour}
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Document("application/json; charset=utf-8", written, OPEN)


def _svg(label: str, word: str, colour: str) -> Document:
    """Two boxes with a word in each; ``textLength`` makes the words fit whatever letters the reader's machine has."""
    left, right = _width(label), _width(word)
    one, other, whole = left + 12, right + 12, left + right + 24
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" viewBox="0 0 {whole} 20" role="img" '
        f'aria-label="{escape(label)}: {word}"><title>{escape(label)}: {word}</title>'
        f'<rect width="{whole}" height="20" rx="4" fill="#24302f"/>'
        f'<path d="M{one} 0h{other - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{one}z" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{one / 2:g}" y="14" textLength="{left}" lengthAdjust="spacingAndGlyphs">{escape(label)}</text>'
        f'<text x="{one + other / 2:g}" y="14" textLength="{right}" lengthAdjust="spacingAndGlyphs">{word}</text></g></svg>'
    )
    return Document("image/svg+xml; charset=utf-8", text.encode("utf-8", "replace"), OPEN)


def _short(label: str) -> str:
    """As much of a name as a badge has room for."""
    label = speakable(label)
    return label if len(label) <= _MOST_LETTERS else f"{label[: _MOST_LETTERS - 1].rstrip()}…"


def _width(text: str) -> int:
    """About how many pixels a word takes at 11 px; ``textLength`` sees to the rest."""
    return max(6, round(sum(_letter(each) for each in text)))


def _letter(letter: str) -> float:
    if letter in _NARROW:
        return 4.2
    if letter in _BROAD:
        return 9.8
    return 11 if unicodedata.east_asian_width(letter) in "WF" else 6.9
