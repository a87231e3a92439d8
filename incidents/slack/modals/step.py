"""The form *Next step*: what the step is for, what it asks for, and a reason to go on without it."""

from __future__ import annotations

from typing import Any, Final

from slack_sdk.models.blocks import Block

from ... import actions
from ...actions import components as incident_components
from ...actions import steps
from ...kernel.errors import NotAllowed
from ...messages.about_incidents import addresses
from ...messages.letters import NEXT_STEP, Button
from ...policy.components import ComponentStatus
from ...policy.lifecycle import ANSWERED_BY_NOTE, NEXT, PURPOSES, Requirement, Step
from ...records.incidents import Incident
from ...records.people import Person
from .. import opening
from ..acted import Acted
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import components, parts, resolve
from .filled import Filled

_NAME: Final = "step"


def _press(acted: Acted) -> Afterwards:
    """Of the last step before the end it is the form that resolves."""
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    to = NEXT[Step(incident.step)]
    if not incident.is_open or to is None:
        raise NotAllowed(f"{incident.ref} is over.")
    if to is Step.RESOLUTION:
        ending = resolve.reply(asked, incident)
        assert ending.form is not None
        return opening.afterwards(acted, ending.form, otherwise=ending)
    elsewhere = Button("Next step", addresses(incident, asked.base_url)["step"])
    otherwise = Reply("The form did not open in Slack. Take the step in the browser.", buttons=[elsewhere])
    return opening.afterwards(acted, _form(incident, to), otherwise=otherwise)


def _form(incident: Incident, to: Step, *, meanwhile: str = "") -> dict[str, Any]:
    missing = [each for each in steps.missing_for(incident, to) if each is not Requirement.REASON]
    answered = ANSWERED_BY_NOTE.get(to)
    questions: list[Block] = []
    if answered in missing and answered is not None:
        questions.append(parts.text("note", answered.sentence, lines=True, optional=True, longest=2000))
    elif to is Step.INVESTIGATION and Requirement.FIRST_COMMUNICATION in missing:
        questions.append(parts.text("note", "Why is no update owed?", optional=True, longest=1000))
    asks = " ".join(each.sentence for each in missing)
    return parts.form(
        _NAME,
        title=f"Next step of {incident.ref}",
        blocks=[
            *([parts.sentence(meanwhile)] if meanwhile else []),
            parts.quiet(f"{incident.ref} · {incident.severity} · {incident.title}"),
            parts.sentence(f"{to.label}, step {to.number} of {len(Step)}", is_bold=True),
            parts.sentence(PURPOSES[to]),
            *([parts.sentence(f"It asks for more. {asks}")] if asks else []),
            *questions,
            *(_components(incident) if Requirement.COMPONENTS in missing else []),
            parts.text("reason", "Reason", optional=True, hint="To go on without what is asked for.", longest=500),
        ],
        submit="Go on",
        kept={"ref": incident.ref, "from": incident.step, "to": to.value},
    )


def _components(incident: Incident) -> list[Block]:
    """Nobody has said which are affected; that none is has to be said too."""
    menus = components.menus(incident_components.statuses_of(incident))
    return [*menus, parts.tick("none", "Or none?", "No component is affected")]


def _name_components(filled: Filled, incident: Incident, person: Person) -> None:
    left = components.chosen(filled, incident_components.statuses_of(incident))
    affected = {each: status for each, status in left.items() if status != ComponentStatus.OPERATIONAL}
    if affected or filled.values("none"):
        incident_components.set_components(incident, affected, by=person.as_actor())


def _submit(acted: Acted) -> Body:
    """Take the step; where somebody took one meanwhile, that is shown first."""
    filled = Filled(acted)
    incident, person = filled.incident()
    room = acted.asked("").room(incident)
    ways = [parts.way(room.label, room.address)]
    to = next((step for step in Step if step.value == filled.kept.get("to")), None)
    if to is None or not incident.is_open:
        return parts.in_place(parts.said("Next step", [f"{incident.ref} is over."], buttons=ways))
    here = Step(incident.step)
    if here not in (filled.kept.get("from"), to):
        after, said = NEXT[here], f"It is at {here.label} now: somebody moved it meanwhile."
        if after is None or after is Step.RESOLUTION:
            return parts.in_place(parts.said("Next step", [said], buttons=ways))
        return parts.in_place(_form(incident, after, meanwhile=f"{said} Decide anew."))
    if not incident.components_answered:
        _name_components(filled, incident, person)
    note, reason = filled.text("note"), filled.text("reason")
    actions.advance(incident, to=to, by=person.as_actor(), note=note or None, reason=reason or None)
    said = f"{incident.ref} is at {to.label.lower()} now, step {to.number} of {len(Step)}."
    return parts.in_place(parts.said("Next step", [said], buttons=ways))


PRESSED[f"{NEXT_STEP}:"] = _press
SUBMITTED[_NAME] = _submit
