"""What the composer offers: the text to begin with, the statuses, the promises, the components, and who gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app, request
from markupsafe import Markup

from ..actions import cadence, components, matrix, roles, steps, updates
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.text import render_markdown
from ..policy import cadence as cadence_rules
from ..policy import communication, lifecycle
from ..policy.components import ComponentStatus
from ..policy.durations import duration
from ..policy.lifecycle import NEXT, PublicStatus, Step, Visibility, default_public_status
from ..published.components import Component, all_components
from ..records.incidents import Incident
from ..records.matrix import MessageTemplate
from ..records.people import Person
from ..reports.communication import placeholder_values
from . import timeline
from .formats import clock_words
from .incident_pages import chosen_components
from .shell import page_address

# in minutes; a promise may be earlier than the cadence, and on P3 and P4 it is freely given or not at all
_EARLIER = (10, 15, 20)
_FREE = (30, 60, 120, 240)
COMPONENT_WORDS: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: "Operational",
    ComponentStatus.DEGRADED: "Degraded",
    ComponentStatus.PARTIAL: "Partial outage",
    ComponentStatus.MAJOR: "Major outage",
}
Preview = Callable[..., Markup]


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Everything the form prints. ``values`` is what stands in its fields."""

    incident: Incident
    values: Mapping[str, str]
    audiences: Sequence[tuple[str, str]]
    statuses: Sequence[tuple[str, str]]
    promises: Sequence[tuple[str, str]]
    components: Sequence[tuple[Component, str]]  # with what stands in its field
    templates: Sequence[MessageTemplate]
    next_step: Step | None
    must_confirm: bool
    preview: Markup
    number: int
    after: int  # the timeline's last entry when the form was made: so that a double click acts once

    @property
    def is_public(self) -> bool:
        return self.values["audience"] == "public"

    @property
    def words(self) -> Mapping[str, str]:
        """What a component can be, as people read it."""
        return COMPONENT_WORDS

    @property
    def touched(self) -> str:
        """How many components the form names, in words."""
        named = [status for _component, status in self.components if status and status != ComponentStatus.OPERATIONAL]
        return f"{len(named)} affected" if named else "none affected"


def of(incident: Incident, *, me: Person, typed: Mapping[str, str] | None = None) -> Composer:
    """The composer as it opens, or with what was ``typed``."""
    chosen = chosen_components() if typed is not None else {}
    values = _opening(incident) if typed is None else {**_opening(incident, bare=True), **typed}
    if incident.visibility != Visibility.PUBLIC:
        values["audience"] = "internal"
    statuses = components.statuses_of(incident)
    offered = [
        (each, chosen.get(each.public_id, "" if typed is not None else statuses.get(each.public_id, "")))
        for each in all_components()
    ]
    known = updates.updates_of(incident)
    return Composer(
        incident=incident,
        values=values,
        audiences=[("public", "Public"), ("internal", "Internal")],
        statuses=_statuses(incident),
        promises=_promises(incident),
        components=offered,
        templates=matrix.templates_for(incident),
        next_step=_next_step(incident),
        must_confirm=incident.visibility == Visibility.PUBLIC and not incident.is_drill and not leads(incident, me),
        preview=preview(incident, values, {each.public_id: status for each, status in offered if status}),
        number=sum(update.state == "published" for update in known) + 1,
        after=timeline.newest_entry(incident),
    )


def leads(incident: Incident, person: Person) -> bool:
    """Whether this person is commander or communications lead, and so publishes without being asked once more."""
    holders = (roles.holder(incident, role) for role in (roles.COMMANDER, roles.COMMUNICATIONS_LEAD))
    return any(holder is not None and holder.id == person.id for holder in holders)


def preview(incident: Incident, values: Mapping[str, str], impact: Mapping[str, str]) -> Markup:
    """What the public will see, printed by the very mark-up of the status page; colleagues get the words alone."""
    body = values.get("body", "").strip()
    if values.get("audience") != "public":
        return render_markdown(body)
    draw: Preview | None = current_app.extensions.get("sevenbells.page_preview")
    if draw is None:
        return render_markdown(body)
    return draw(
        db.session.connection(),
        incident_id=incident.id,
        title=incident.title,
        severity=incident.severity,
        started_at=incident.began_at,
        public_status=_known_status(incident, values.get("status", "")),
        body_html=render_markdown(body),
        components=_known_impact(impact),
        display_at=clock.now(),
        next_update_at=promised(incident, values.get("next", "")),
        now=clock.now(),
    )


def _known_status(incident: Incident, word: str) -> str:
    return word if word in [*PublicStatus] else default_public_status(Step(incident.step))


def _known_impact(given: Mapping[str, str]) -> dict[str, str]:
    """What is drawn of a form that may hold nonsense; publishing refuses it with a sentence."""
    known = {component.public_id for component in all_components()}
    return {each: status for each, status in given.items() if each in known and status in [*ComponentStatus]}


def promised(incident: Incident, word: str) -> datetime | None:
    """The instant that a choice of "next update" means: minutes from now, none, or what the cadence asks."""
    if word == "none" or not incident.is_open:
        return None
    if word:
        return clock.to_the_minute(clock.now() + timedelta(minutes=_minutes(word)))
    return cadence_rules.promise_after(
        clock.now(), cadence=matrix.rule_of(incident).cadence, agreed=cadence.agreed_of(incident)
    )


def given_promise(incident: Incident) -> datetime | None:
    """What the form promises beside the cadence; None leaves it to the cadence."""
    word = request.form.get("next", "")
    return promised(incident, word) if word and word != "none" else None


def _minutes(word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 1440:
        raise Malformed({"next": "Choose when the next update comes."})
    return int(word)


def _opening(incident: Incident, *, bare: bool = False) -> dict[str, str]:
    """The fields as they open: the last public text, else the team's template; internal text never goes public."""
    audience = "public" if incident.visibility == Visibility.PUBLIC and not incident.is_drill else "internal"
    in_place = incident.mitigated_at is not None
    status = default_public_status(Step(incident.step), in_place=in_place)
    if not incident.is_open:
        status = PublicStatus.RESOLVED
    body = "" if bare else _first_text(incident, audience=audience, status=status)
    return {"audience": audience, "status": status, "body": body, "next": "", "publish_at": "", "also": ""}


def _first_text(incident: Incident, *, audience: str, status: str) -> str:
    asked = request.args.get("template", "")
    fitting = matrix.templates_for(incident, None if asked else status)
    for template in fitting:
        if asked and str(template.id) == asked:
            return filled(incident, template.body, audience=audience)
    taken_back = request.args.get("from", "")
    for update in updates.updates_of(incident) if taken_back else ():
        if update.public_id == taken_back and update.audience == audience:
            return update.body
    last = updates.latest(incident, audience=audience)
    if last is not None:
        return last.body
    return filled(incident, fitting[0].body, audience=audience) if fitting and not asked else ""


def filled(incident: Incident, body: str, *, audience: str) -> str:
    """A template's text with its placeholders filled; for the public only with what the public may know."""
    settings = current_app.extensions["sevenbells.settings"]
    values = placeholder_values(
        incident, base_url=settings.base_url, page_url=page_address(), for_public=audience == "public"
    )
    return communication.fill(body, values)


def _statuses(incident: Incident) -> list[tuple[str, str]]:
    """Before the end what is going on, after it that it is over: resolving has a form of its own."""
    if incident.is_open:
        offered = (PublicStatus.INVESTIGATING, PublicStatus.IDENTIFIED, PublicStatus.MONITORING)
    else:
        offered = (PublicStatus.RESOLVED, PublicStatus.POSTMORTEM)  # type: ignore[assignment]
    return [(status.value, status.label) for status in offered]


def _promises(incident: Incident) -> list[tuple[str, str]]:
    if not incident.is_open:
        return []
    now = clock.now()
    length = cadence.cadence_of(incident)
    if length is None:
        return [("", "None promised"), *((str(minutes), _in(minutes, now)) for minutes in _FREE)]
    whole = int(length.total_seconds() // 60)
    return [("", _in(whole, now)), *((str(minutes), _in(minutes, now)) for minutes in _EARLIER if minutes < whole)]


def _in(minutes: int, now: datetime) -> str:
    length = timedelta(minutes=minutes)
    return f"In {duration(length)}, at {clock_words(clock.to_the_minute(now + length))}"


def _next_step(incident: Incident) -> Step | None:
    """The step that can begin with this update, because nothing else is missing once it is out."""
    here = Step(incident.step)
    following = NEXT[here]
    if (
        not incident.is_open
        or following is None
        or following.number >= Step.RESOLUTION.number
        or here is Step.DETECTION
    ):
        return None
    facts = steps.facts_of(incident)
    missing = set(lifecycle.missing_for_move(here, following, facts)) - {lifecycle.Requirement.FIRST_COMMUNICATION}
    return None if missing else following


def draft_key(incident: Incident) -> str:
    """Under which name the browser keeps what is typed."""
    return f"{incident.ref}:update"
