"""The five beats of every act on an incident, and its form again after a refusal with everything that was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ...access import me
from ...kernel.database import db, reading
from ...kernel.errors import Malformed, NotAllowed, Outdated, Refusal
from ...kernel.requests import is_reading
from ...policy.lifecycle import SENTENCES, Requirement
from ...records.incidents import Incident
from .. import timeline, unsent
from ..incident_pages import check_lengths, load, load_to_act, text, to_room
from .repeats import number

Facts = Callable[[Incident], dict[str, Any]]
Act = Callable[[Incident], str | None]
Beside = Mapping[str, str]


def answer(
    ref: str,
    template: str,
    *,
    facts: Facts,
    act: Act,
    beside: Beside | None = None,
    then: Callable[[Incident], ResponseReturnValue] = to_room,
) -> ResponseReturnValue:
    """Show the form on GET; on POST act on it, commit, and go to the room.

    ``facts`` is what the template needs: ``values`` holds what stands in the fields at first. ``act`` parses and acts;
    what it answers is said in a toast. ``beside`` maps what an action finds missing, or calls otherwise, to our field.
    """
    if is_reading():
        return page(template, load(ref), facts)
    incident = load_to_act(ref)
    try:
        check_lengths()
        said = act(incident)
    except (Malformed, NotAllowed, Outdated) as refusal:
        return refused(template, ref, facts, refusal, beside=beside)
    way_back = then(incident)
    unsent.sent()
    db.session.commit()
    if request.form.get("tab_key"):
        flash(request.form["tab_key"], "posted")
    if said:
        flash(said)
    return way_back


def page(
    template: str,
    incident: Incident,
    facts: Facts,
    *,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    **more: Any,
) -> ResponseReturnValue:
    """The form: its fields as they stand, or as they were sent; on GET the address may suggest some."""
    context = facts(incident)
    standing = context.pop("values", {})
    draft = unsent.of(f"{incident.ref}:{template}")
    if request.method == "POST":
        values = {**dict.fromkeys(standing, ""), **request.form}
    else:
        values = {**standing, **draft.fields, **request.args}
    shown = render_template(
        f"console/acts/{template}.html",
        incident=incident,
        values=values,
        errors=dict(errors or {}),
        after=timeline.newest_entry(incident),
        draft=draft,
        **context,
        **more,
    )
    return make_response(shown, status)


def previewed(template: str, ref: str, facts: Facts) -> ResponseReturnValue:
    """The form as it was sent, with its preview; nothing is recorded, so nothing stays locked meanwhile."""
    db.session.rollback()
    with reading():
        return page(template, load(ref), facts)


def fragment(ref: str, draw: Callable[[Incident, str], Markup]) -> ResponseReturnValue:
    """The preview alone, for a page that replaces it as somebody types."""
    db.session.rollback()
    with reading():
        return render_template("console/_preview.html", drawn=draw(load(ref), text("public_body")), audience="public")


def refused(
    template: str, ref: str, facts: Facts, refusal: Refusal, *, beside: Beside | None = None
) -> ResponseReturnValue:
    """The form again with what is wrong, what was typed, and what others did meanwhile; nothing was recorded."""
    db.session.rollback()
    with reading():
        incident = load(ref)
        return page(
            template,
            incident,
            facts,
            errors=_sentences(refusal, beside or {}),
            status=refusal.status,
            theirs=refusal.theirs if isinstance(refusal, Outdated) else {},
            meanwhile=_meanwhile(incident),
        )


def _sentences(refusal: Refusal, beside: Beside) -> dict[str, str]:
    """Field → sentence; what concerns no field stands above them all, under the empty name."""
    if isinstance(refusal, Malformed):
        return {beside.get(name, name): sentence for name, sentence in refusal.fields.items()}
    missing = [Requirement(name) for name in refusal.missing] if isinstance(refusal, NotAllowed) else []
    found = {beside[each]: SENTENCES[each] for each in missing if each in beside}
    return found or {"": refusal.sentence}


def _meanwhile(incident: Incident) -> list[timeline.Line]:
    """What others wrote on the timeline since this form was opened."""
    after = number("after")
    if after is None:
        return []
    person = me()
    told = timeline.read(incident, me=person, after=after).lines
    return [line for line in told if (line.entry.by_kind, line.entry.by_id) != ("person", person.id)]
