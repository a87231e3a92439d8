"""What every screen about one incident shares: finding it, its form again after a refusal, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..access import me
from ..access.visibility import incident_or_404
from ..kernel.errors import Malformed
from ..records.incidents import Incident
from .formats import parse_local


def load(ref: str) -> Incident:
    """The incident as far as this person may see it, to look at."""
    return incident_or_404(ref, me())


def load_to_act(ref: str) -> Incident:
    """The same, locked until the answer, so that two people act one after the other."""
    return incident_or_404(ref, me(), for_writing=True)


def form_page(
    template: str, incident: Incident, *, errors: Mapping[str, str] | None = None, status: int = 200, **context: Any
) -> ResponseReturnValue:
    """A form about an incident; ``typed`` is what was sent, or on GET what the address suggests."""
    typed = request.form if request.method == "POST" else request.args
    page = render_template(template, incident=incident, errors=dict(errors or {}), typed=typed, **context)
    return make_response(page, status)


def to_room(incident: Incident) -> ResponseReturnValue:
    """Post, redirect, get."""
    return redirect(f"/console/incidents/{incident.ref}", 303)


def text(name: str) -> str:
    """A field of the form, trimmed, with one kind of line end: browsers send two characters for each."""
    return request.form.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()


def check_lengths() -> None:
    """Raise Malformed beside a line that is too long; what an action keeps in full it measures itself."""
    limits = {"reason": 1000, "silence": 500}
    problems = {
        name: f"Use at most {most:,} characters. There are {len(text(name)):,} now."
        for name, most in limits.items()
        if len(text(name)) > most
    }
    if problems:
        raise Malformed(problems)


def time_of(name: str) -> datetime | None:
    """A datetime-local field as an instant of the viewer's zone; None where it was left empty. Raises Malformed."""
    given = text(name)
    if not given:
        return None
    try:
        return parse_local(given)
    except (ValueError, OverflowError):
        raise Malformed({name: "Give a date and a time, such as 23 Nov 2026, 02:41."}) from None


def version_seen() -> int | None:
    """The version that the form was made from."""
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def chosen_components() -> dict[str, str]:
    """Fields ``component-<public id>`` that hold a status."""
    chosen = {}
    for name, status in request.form.items():
        if name.startswith("component-") and status:
            chosen[name.removeprefix("component-")] = status
    return chosen
