"""The form *Declare an incident*: two answers are enough, and it says beforehand what follows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from slack_sdk.models.blocks import ButtonElement

from ... import actions
from ...access import Role
from ...access.visibility import visible_to
from ...actions import slack_people
from ...kernel.errors import Forbidden, Malformed
from ...messages.about_incidents import told_now
from ...messages.letters import ACKNOWLEDGE, Button
from ...policy.components import ComponentStatus
from ...policy.severity import SEVERITY_LABELS, Severity
from ...records.incidents import TITLE_LENGTH, Incident
from ...reports.similar import still_open
from .. import opening
from ..acted import Acted
from ..commands.asked import LINK, UNKNOWN, Asked
from ..interactions import PRESSED, SHORTCUTS, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import declare_form, parts
from .declare_form import Typed
from .filled import Filled


def reply(asked: Asked, *, title: str, is_drill: bool = False) -> Reply:
    """The form, with what was written already; or where in the browser it is. Raises Forbidden for who may not declare."""
    check(asked, is_drill=is_drill)
    filled = {"title": title[:TITLE_LENGTH], **({"drill": "1"} if is_drill else {})}
    word = "drill" if is_drill else "declare"
    return Reply(
        f"How bad is it? Write {asked.command} {word} P1 and a title.",
        [f"{severity} {label}" for severity, label in SEVERITY_LABELS.items()],
        [asked.page("Open the form", f"/incidents/new?{urlencode(filled)}")] if asked.person else [],
        form=declare_form.form(asked, declare_form.begun(title), is_drill=is_drill),
    )


def check(asked: Asked, *, is_drill: bool) -> None:
    """Raise Forbidden for who may not declare; somebody whose account we do not know may: whoever sees trouble says so."""
    if asked.person is not None or is_drill:
        asked.known(Role.RESPONDER)
    elif slack_people.is_shut_out(asked.user):
        raise Forbidden("Your account is disabled. An administrator can enable it.")


def _press(acted: Acted) -> Afterwards:
    """The button, and the shortcut that needs no channel."""
    answer = reply(acted.asked(""), title="")
    assert answer.form is not None
    said = Reply(
        "The form did not open in Slack. Declare it in the browser, or write /incident declare P1 and a title.",
        buttons=answer.buttons,
    )
    return opening.afterwards(acted, answer.form, otherwise=said)


def _submit(acted: Acted) -> Body:
    """It exists and people are told; nothing is public. What comes next is offered in the form's place."""
    filled, asked = Filled(acted), acted.asked("")
    is_drill, typed = bool(filled.kept.get("drill")), declare_form.typed(filled)
    check(asked, is_drill=is_drill)
    if not typed.severity:
        raise Malformed({"severity": "Choose how bad it is. Not sure? Pick the higher one."})
    same = None if is_drill or filled.kept.get("different") else _same_problem(asked, typed)
    if same is not None and not filled.was_sent():
        return parts.in_place(declare_form.form(asked, typed, is_drill=is_drill, same=same))
    if not filled.is_first_time():
        return parts.in_place(parts.said("Declared", ["This form was sent already, and the incident exists."]))
    how = typed.how or ComponentStatus.DEGRADED.value
    incident = actions.declare(
        title=typed.title,
        severity=typed.severity,
        by=asked.by,
        visibility_wanted=typed.visibility or None,
        impact=typed.impact or None,
        components=dict.fromkeys(typed.components, how) or None,
        is_drill=is_drill,
    )
    return parts.in_place(_declared(incident, asked))


def _same_problem(asked: Asked, typed: Typed) -> Incident | None:
    """An open incident that looks like this one, as far as they may see it."""
    if asked.person is None:
        return None
    return still_open(typed.title, typed.components, seen=visible_to(asked.person))


def _declared(incident: Incident, asked: Asked) -> dict[str, Any]:
    severity = Severity(incident.severity)
    kind = "a drill" if incident.is_drill else f"{severity} {SEVERITY_LABELS[severity]}"
    strange = [] if asked.person else [f"{UNKNOWN} {LINK} Then you can go on with it here."]
    return parts.said(
        "Declared",
        [
            f"{incident.ref} is declared, {kind}: {incident.title}",
            told_now(incident),
            *strange,
        ],
        buttons=_what_next(incident, asked),
    )


def _what_next(incident: Incident, asked: Asked) -> list[ButtonElement]:
    ways: list[Button] = [*asked.ways_to_be_known(), asked.room(incident)]
    acts = [
        parts.press("Acknowledge", f"{ACKNOWLEDGE}:{incident.ref}", is_main=True),
        parts.press("Write the first update", f"open/update:{incident.ref}"),
    ]
    return [*(acts if asked.person else []), *(parts.way(each.label, each.address) for each in ways)]


PRESSED["open/declare:"] = _press
SHORTCUTS["declare_incident"] = _press
SUBMITTED[declare_form.NAME] = _submit
