"""What the composer offers: the text to begin with, the statuses, the promises, the components, and who gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app, request
from markupsafe import Markup

from ..actions import approval, asked, components, first_words, message_templates, roles, steps, updates
from ..kernel import clock
from ..kernel.database import db
from ..kernel.text import render_markdown
from ..policy import lifecycle
from ..policy.components import ComponentStatus
from ..policy.durations import duration
from ..policy.lifecycle import NEXT, PublicStatus, Step, Visibility, default_public_status
from ..published.components import Component, all_components
from ..records.incidents import Incident
from ..records.matrix import MessageTemplate
from ..records.people import Person
from . import asked_people, promises, reach, timeline, unsent
from .formats import parse_local, when
from .promises import Said

_FEW = 8  # components that all fit on the screen
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
    promise: Said
    components: Sequence[tuple[Component, str]]  # with what stands in its field
    templates: Sequence[MessageTemplate]
    other_templates: Sequence[MessageTemplate]
    replaced: str  # what stood in the text before a template took its place
    next_step: Step | None
    must_confirm: bool
    must_ask: bool  # a second pair of eyes reads what this person makes public
    people: Sequence[tuple[str, str]]  # who can be asked
    goes_out: Markup | str  # the time that was typed, said back
    preview: Markup
    reach: str
    button: str
    number: int
    after: int  # the timeline's last entry when the form was made: so that a double click acts once
    draft: unsent.Draft
    now_affected: Mapping[str, str]  # component → status before this form

    @property
    def is_public(self) -> bool:
        return self.values["audience"] == "public"

    @property
    def words(self) -> Mapping[str, str]:
        """What a component can be, as people read it."""
        return COMPONENT_WORDS

    @property
    def affected(self) -> list[tuple[Component, str]]:
        """The components that the incident or this form names; where there are few, all of them."""
        if len(self.components) <= _FEW:
            return [*self.components]
        return [(each, status) for each, status in self.components if status or each.public_id in self.now_affected]

    @property
    def unaffected(self) -> list[tuple[Component, str]]:
        """The rest, behind a filter."""
        shown = {each.public_id for each, _status in self.affected}
        return [(each, status) for each, status in self.components if each.public_id not in shown]

    @property
    def touched(self) -> str:
        """How many components the form names, in words."""
        named = [status for _component, status in self.components if status and status != ComponentStatus.OPERATIONAL]
        return f"{len(named)} affected" if named else "none affected"


def of(incident: Incident, *, me: Person, typed: Mapping[str, str] | None = None, replaced: str = "") -> Composer:
    """The composer as it opens, with a text that was not sent if there is one, or with what was ``typed``."""
    draft = unsent.of(draft_key(incident), is_wanted=not {"template", "from"} & set(request.args))
    if typed is None and draft.is_back:
        values, chosen = _back(incident, draft.fields)
    elif typed is None:
        values, chosen = _opening(incident), None
    else:
        values, chosen = {**_opening(incident, bare=True), **typed}, _named_components(typed)
    if incident.visibility != Visibility.PUBLIC:
        values["audience"] = "internal"
    statuses = components.statuses_of(incident)
    offered = with_components(statuses if chosen is None else chosen)
    known = asked.answer(("updates", incident.id), lambda: updates.updates_of(incident))
    status, templates = values["status"] if values["audience"] == "public" else None, message_templates.in_order()
    fitting = first_words.fitting_templates(incident, status, templates)
    must_ask = approval.must_ask(incident, me.as_actor())
    told = 0 if values["silent"] else reach.number(incident, [each.public_id for each, named in offered if named])
    return Composer(
        incident=incident,
        values=values,
        audiences=[("public", "Public"), ("internal", "Internal")],
        statuses=statuses_of(incident),
        promises=promises.choices(incident),
        promise=promises.said(incident, values),
        components=offered,
        templates=fitting,
        other_templates=[each for each in templates if each not in fitting],
        replaced=replaced,
        next_step=_next_step(incident),
        must_confirm=must_confirm(incident, me, must_ask=must_ask),
        must_ask=must_ask,
        people=asked_people.choices(incident, me) if incident.visibility == Visibility.PUBLIC else [],
        goes_out=goes_out(values["publish_at"]),
        preview=preview(incident, values, {each.public_id: status for each, status in offered if status}),
        reach=reach.words(
            incident,
            audience=values["audience"],
            me=me,
            subscribers=told,
            is_silent=bool(values["silent"]),
            must_ask=must_ask,
        ),
        button=reach.button(audience=values["audience"], subscribers=told, must_ask=must_ask),
        number=sum(update.state == "published" for update in known) + 1,
        after=timeline.newest_entry(incident),
        draft=draft,
        now_affected=statuses,
    )


def _back(incident: Incident, kept: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The fields of a text that was not sent; a status that no longer fits gives way to the present one."""
    opening = _opening(incident, bare=True)
    values = {**opening, **{name: kept[name] for name in opening if name in kept}}
    if values["status"] not in dict(statuses_of(incident)):
        values["status"] = opening["status"]
    return values, _named_components(kept)


def _named_components(fields: Mapping[str, str]) -> dict[str, str]:
    named = {name: status for name, status in fields.items() if name.startswith("component-") and status}
    return {name.removeprefix("component-"): status for name, status in named.items()}


def with_components(statuses: Mapping[str, str]) -> list[tuple[Component, str]]:
    """Every component in the page's order, with what stands in its field."""
    return [(each, statuses.get(each.public_id, "")) for each in _on_the_page()]


def _on_the_page() -> Sequence[Component]:
    return asked.answer("components on the page", all_components)


def gone_components(statuses: Mapping[str, str]) -> list[str]:
    """Of the components that a text names, those that were deleted or archived since."""
    known = {each.public_id for each in all_components()}
    kept = {each.public_id: each.name for each in all_components(archived=True)}
    return [kept.get(public_id, "A deleted component") for public_id in statuses if public_id not in known]


def must_confirm(incident: Incident, me: Person, *, must_ask: bool) -> bool:
    """Whether this person says once more that he means to publish; who has to ask another does not."""
    is_public = incident.visibility == Visibility.PUBLIC and not incident.is_drill
    return is_public and not must_ask and not leads(incident, me)


def leads(incident: Incident, person: Person) -> bool:
    """Whether this person is commander or communications lead, and so publishes without being asked once more."""
    return roles.leads(incident, person.id)


def goes_out(typed: str) -> Markup | str:
    """A time of publication said back in the writer's zone and in UTC, with how long that is from now."""
    try:
        at = parse_local(typed) if typed.strip() else None
    except (ValueError, OverflowError):
        return "Give a date and a time, such as 23 Nov 2026, 02:41."
    if at is None:
        return ""
    left = at - clock.now()
    return (
        Markup("Goes out {}, in {}.").format(when(at), duration(max(timedelta(minutes=1), left)))
        if left > timedelta()
        else "This time has passed."
    )


def preview(
    incident: Incident, values: Mapping[str, str], impact: Mapping[str, str], *, promised: datetime | None = None
) -> Markup:
    """What the public will see, printed by the very mark-up of the status page; colleagues get the words alone.

    ``promised`` is the next update where it is known already.
    """
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
        next_update_at=promised or promises.due_or_none(incident, values),
        now=clock.now(),
    )


def _known_status(incident: Incident, word: str) -> str:
    return word if word in [*PublicStatus] else default_public_status(Step(incident.step))


def _known_impact(given: Mapping[str, str]) -> dict[str, str]:
    """What is drawn of a form that may hold nonsense; publishing refuses it with a sentence."""
    known = {component.public_id for component in _on_the_page()}
    return {each: status for each, status in given.items() if each in known and status in [*ComponentStatus]}


def _opening(incident: Incident, *, bare: bool = False) -> dict[str, str]:
    """The fields as they open; ``bare`` without the text."""
    audience, status = first_words.audience_of(incident), first_words.status_of(incident)
    body = "" if bare else _first_text(incident, audience=audience, status=status)
    opening = dict.fromkeys(("next", "next_at", "publish_at", "display_at", "also", "silent", "ask_of"), "")
    return {"audience": audience, "status": status, "body": body, **opening}


def _first_text(incident: Incident, *, audience: str, status: str) -> str:
    asked = request.args.get("template", "")
    if asked:
        return from_template(incident, asked, audience=audience, status=status) or ""
    taken_back = request.args.get("from", "")
    for update in updates.updates_of(incident) if taken_back else ():
        if update.public_id == taken_back and update.audience == audience:
            return update.body
    promised = promises.due_or_none(incident, {})
    return first_words.of(incident, audience=audience, status=status, next_update=promised)


def from_template(incident: Incident, template_id: str, *, audience: str, status: str) -> str | None:
    """A template's text, filled; None where there is no such template (any more)."""
    template = next((each for each in message_templates.in_order() if str(each.id) == template_id), None)
    if template is None:
        return None
    promised = promises.due_or_none(incident, {})
    known = _known_status(incident, status)
    return first_words.filled(incident, template.body, audience=audience, status=known, next_update=promised)


def statuses_of(incident: Incident) -> list[tuple[str, str]]:
    """What the public status can be, and how it is called."""
    return [(status.value, status.label) for status in first_words.statuses_of(incident)]


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
