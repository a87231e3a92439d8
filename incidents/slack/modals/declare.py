"""The form *Declare an incident*: two answers are enough, and it says beforehand what follows."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from slack_sdk.models.blocks import Block, ButtonElement

from ... import actions
from ...access import Role
from ...actions import matrix, slack_people, telling
from ...kernel.errors import Forbidden, Malformed
from ...messages.about_incidents import AFTER_DECLARING
from ...messages.letters import ACKNOWLEDGE, Button
from ...policy.components import ComponentStatus
from ...policy.durations import duration
from ...policy.lifecycle import Visibility
from ...policy.severity import SEVERITY_LABELS, Severity
from ...records.incidents import TITLE_LENGTH, Incident
from ...records.people import Person
from .. import opening
from ..acted import Acted
from ..commands.asked import LINK, UNKNOWN, Asked
from ..interactions import PRESSED, SHORTCUTS, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import components, parts
from .filled import Filled

_NAME: Final = "declare"
_LONGEST_IMPACT: Final = 2000
_MOST_NAMES: Final = 4
_WHO_MAY_KNOW: Final = {
    Visibility.PUBLIC: "Everybody, once an update of it is published",
    Visibility.INTERNAL: "All colleagues, and never the public",
    Visibility.RESTRICTED: "Only you and whoever is named or paged",
}


def reply(asked: Asked, *, title: str, is_drill: bool = False) -> Reply:
    """The form, with what was written already; or where in the browser it is. Raises Forbidden for who may not declare."""
    check(asked, is_drill=is_drill)
    filled = {"title": title[:TITLE_LENGTH], **({"drill": "1"} if is_drill else {})}
    word = "drill" if is_drill else "declare"
    return Reply(
        f"How bad is it? Write {asked.command} {word} P1 and a title.",
        [f"{severity} {label}" for severity, label in SEVERITY_LABELS.items()],
        [asked.page("Open the form", f"/incidents/new?{urlencode(filled)}")] if asked.person else [],
        form=_form(asked, title=title, is_drill=is_drill),
    )


def check(asked: Asked, *, is_drill: bool) -> None:
    """Raise Forbidden for who may not declare; somebody whose account we do not know may: whoever sees trouble says so."""
    if asked.person is not None or is_drill:
        asked.known(Role.RESPONDER)
    elif slack_people.is_shut_out(asked.user):
        raise Forbidden("Your account is disabled. An administrator can enable it.")


def _form(asked: Asked, *, title: str, is_drill: bool) -> dict[str, Any]:
    is_long = len(title) > TITLE_LENGTH
    follows = "A drill: it runs everything, and never reaches the public page." if is_drill else AFTER_DECLARING
    stranger = [] if asked.person else [parts.quiet(f"{UNKNOWN} You can declare all the same. {LINK}")]
    blocks = [
        parts.text(
            "title",
            "What is wrong?",
            title[: TITLE_LENGTH - 1] + "…" if is_long else title,
            hint="A short title. It becomes public when you publish.",
            longest=TITLE_LENGTH,
        ),
        parts.pick(
            "severity",
            "How bad is it?",
            [
                parts.option(
                    each, f"{each} {rule.label}, answered within {duration(rule.respond_within)}", rule.examples
                )
                for each, rule in matrix.matrix_now().items()
            ],
            hint="Not sure? Pick the higher one. Lowering it later is normal.",
        ),
        *_touched(asked),
        parts.text(
            "impact",
            "What do people notice?",
            title[:_LONGEST_IMPACT] if is_long else "",
            hint="For colleagues. The public reads only what you publish.",
            longest=_LONGEST_IMPACT,
            lines=True,
            optional=True,
        ),
        parts.pick(
            "visibility",
            "Who may know",
            [parts.option(each, each.label, means) for each, means in _WHO_MAY_KNOW.items()],
            Visibility.PUBLIC,
        ),
        parts.sentence(follows),
        *([parts.quiet("\n".join(_what_happens(asked.person, is_drill=is_drill)))] if asked.person else []),
        *stranger,
    ]
    return parts.form(
        _NAME,
        title="Declare a drill" if is_drill else "Declare an incident",
        blocks=blocks,
        submit="Declare drill" if is_drill else "Declare incident",
        kept={"once": parts.new_key(), **({"drill": 1} if is_drill else {})},
    )


def _what_happens(person: Person, *, is_drill: bool) -> list[str]:
    """For each severity, who is told first and how often an update is owed."""
    # never added to the session: it only carries what the question looks at
    imagined = Incident(declared_by_kind="person", declared_by_id=person.id, is_drill=is_drill)
    said = []
    for severity, rule in matrix.matrix_now().items():
        words = [word for level in matrix.levels_now(severity)[:1] for word in level.tell]
        people = telling.people_meant(imagined, words)
        names = ", ".join("you" if each.id == person.id else each.name for each in people[:_MOST_NAMES])
        more = f" and {len(people) - _MOST_NAMES} more" if len(people) > _MOST_NAMES else ""
        first = f"tells {names}{more} at once" if people else "tells nobody at once"
        owed = f", then an update every {duration(rule.cadence)}" if rule.cadence else ""
        said.append(f"{severity} {first}{owed}.")
    return said


def _touched(asked: Asked) -> list[Block]:
    menu = components.menu("components", "What is affected?", only_shown=asked.person is None)
    if menu is None:
        return []
    badly = [parts.option(status, label) for status, label in components.TROUBLES.items()]
    return [menu, parts.pick("how", "How badly?", badly, ComponentStatus.DEGRADED, as_list=True, optional=True)]


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
    is_drill = bool(filled.kept.get("drill"))
    check(asked, is_drill=is_drill)
    if not filled.is_first_time():
        return parts.in_place(parts.said("Declared", ["This form was sent already, and the incident exists."]))
    incident = _declare(filled, asked, is_drill=is_drill)
    return parts.in_place(_declared(incident, asked))


def _declare(filled: Filled, asked: Asked, *, is_drill: bool) -> Incident:
    severity = filled.text("severity")
    if not severity:
        raise Malformed({"severity": "Choose how bad it is. Not sure? Pick the higher one."})
    how = filled.text("how") or ComponentStatus.DEGRADED.value
    return actions.declare(
        title=filled.text("title"),
        severity=severity,
        by=asked.by,
        visibility_wanted=filled.text("visibility") or None,
        impact=filled.text("impact") or None,
        components=dict.fromkeys(filled.values("components"), how) or None,
        is_drill=is_drill,
    )


def _declared(incident: Incident, asked: Asked) -> dict[str, Any]:
    severity = Severity(incident.severity)
    kind = "a drill" if incident.is_drill else f"{severity} {SEVERITY_LABELS[severity]}"
    strange = [] if asked.person else [f"{UNKNOWN} {LINK} Then you can go on with it here."]
    return parts.said(
        "Declared",
        [
            f"{incident.ref} is declared, {kind}: {incident.title}",
            "People are told now. Nothing is on the status page yet.",
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
SUBMITTED[_NAME] = _submit
