"""The form *Give a role*: to anybody in Slack whose account here is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ... import actions
from ...actions import roles, slack_people
from ...kernel.errors import Malformed
from ...records.incidents import Incident
from .. import opening
from ..acted import Acted
from ..commands.asked import Asked
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import parts
from .filled import Filled

_NAME: Final = "roles"


def reply(asked: Asked, incident: Incident) -> Reply:
    """The form; or where in the browser it is."""
    return Reply(
        f"The form did not open in Slack. Write {asked.command} role {incident.ref} commander @name, "
        "or do it in the browser.",
        buttons=[asked.page("Give a role", f"/incidents/{incident.ref}/roles")],
        form=_form(incident),
    )


def _form(incident: Incident, *, role: str = roles.COMMANDER, user: str = "", meanwhile: str = "") -> dict[str, Any]:
    holders = {held.role: person for held, person in roles.current_roles(incident)}
    options = [
        parts.option(slug, f"{label}: {holders[slug].name if slug in holders else 'nobody'}")
        for slug, label in roles.role_labels().items()
    ]
    return parts.form(
        _NAME,
        title=f"Roles in {incident.ref}",
        blocks=[
            *([parts.sentence(meanwhile)] if meanwhile else []),
            parts.quiet(f"{incident.ref} · {incident.severity} · {incident.title}"),
            parts.pick("role", "Which role?", options, role, as_list=True),
            parts.somebody("person", "Who has it from now on?", user=user or None),
        ],
        submit="Give the role",
        kept={
            "ref": incident.ref,
            "held": {slug: person.id for slug, person in [*holders.items()][: parts.MOST_OPTIONS]},
        },
    )


def _press(acted: Acted) -> Afterwards:
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    answer = reply(asked, incident)
    assert answer.form is not None
    return opening.afterwards(acted, answer.form, otherwise=answer)


def _submit(acted: Acted) -> Body:
    """Give it. Where somebody else was given it meanwhile, that is shown first, and one decides anew."""
    filled = Filled(acted)
    incident, person = filled.incident()
    role, user = filled.text("role"), filled.user("person")
    if not user:
        raise Malformed({"person": "Choose somebody."})
    given_to = slack_people.person_of(acted.team, user)
    if given_to is None:
        raise Malformed(
            {
                "person": "Sevenbells does not know who that is in Slack. They can link their account with /incident help."
            }
        )
    holder = roles.holder(incident, role)
    held = filled.kept.get("held")
    seen = held.get(role) if isinstance(held, Mapping) else None
    if holder != given_to and (holder.id if holder else None) != seen:
        has_it = holder.name if holder else "Nobody"
        said = f"{has_it} has this role now: it was changed after you opened this form. Decide anew."
        return parts.in_place(_form(incident, role=role, user=user, meanwhile=said))
    given = actions.assign_role(incident, role=role, person=given_to, by=person.as_actor())
    room = acted.asked("").room(incident)
    label = roles.role_labels()[given.role].lower()
    return parts.in_place(
        parts.said(
            "Roles", [f"{given_to.name} is {label} of {incident.ref}."], buttons=[parts.way(room.label, room.address)]
        )
    )


PRESSED["open/roles:"] = _press
SUBMITTED[_NAME] = _submit
