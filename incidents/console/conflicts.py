"""Two people wrote at once: both texts side by side, to keep one, the other, or one made of the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flask import request
from flask.typing import ResponseReturnValue

from ..kernel.errors import Outdated
from ..records.incidents import Incident
from .incident_pages import form_page

# what the page itself decides anew, or gives anew
_NOT_CARRIED = ("csrf_token", "version", "after", "act")


def conflict_page(
    incident: Incident,
    refusal: Outdated,
    *,
    field: str,
    again: str,
    keep_theirs: str,
    carried: Mapping[str, str],
    words: Mapping[str, str],
    label: str = "Text",
    mine: str | None = None,
    parts: str = "",
    both: Callable[[str, str], str] | None = None,
) -> ResponseReturnValue:
    """409 with both texts of one ``field``; ``refusal.theirs[field]`` is the other one, the form's is the sender's.

    ``again`` is posted to with the field and ``carried`` besides everything else that was sent; ``keep_theirs`` is
    where who gives way goes on. ``words`` name the buttons: ``mine``, ``theirs``, ``joined``, and ``joined_act`` is
    the ``act`` that goes with the joined text. ``mine`` is the sender's text where the form holds it in fields whose
    names begin with ``parts``; ``both`` joins theirs and mine where one after the other would say things twice.
    """
    mine = sent_text(field) if mine is None else mine
    theirs = str(refusal.theirs.get(field) or "")
    return form_page(
        "console/conflict.html",
        incident,
        status=409,
        refusal=refusal,
        field=field,
        label=label,
        mine=mine,
        theirs=theirs,
        joined=(both or joined)(theirs, mine),
        again=again,
        keep_theirs=keep_theirs,
        carried=[*_carried({field, *carried}, parts), *carried.items()],
        words=words,
    )


def sent_text(field: str) -> str:
    """What the sender wrote, with one kind of line end."""
    return request.form.get(field, "").replace("\r\n", "\n").strip()


def joined(theirs: str, mine: str) -> str:
    """One text to begin with that loses nothing: theirs, then what mine says besides."""
    if not theirs or theirs in mine:
        return mine
    if not mine or mine in theirs:
        return theirs
    return f"{theirs}\n\n{mine}"


def _carried(but: Iterable[str], parts: str) -> list[tuple[str, str]]:
    left_out = {*_NOT_CARRIED, *but}
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in left_out and not (parts and name.startswith(parts))
    ]
