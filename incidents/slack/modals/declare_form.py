"""The fields of *Declare an incident*, and what is said beforehand of what the button does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.models.blocks import Block

from ...actions import matrix, telling
from ...messages.about_incidents import AFTER_DECLARING, WAKES_NOBODY
from ...policy.components import ComponentStatus
from ...policy.durations import duration
from ...policy.lifecycle import Visibility
from ...records.incidents import TITLE_LENGTH, Incident
from ...records.people import Person
from ..commands.asked import LINK, UNKNOWN, Asked
from . import components, parts
from .filled import Filled

NAME: Final = "declare"
_LONGEST_IMPACT: Final = 2000
_MOST_NAMES: Final = 4
_WHO_MAY_KNOW: Final = {
    Visibility.PUBLIC: "Everybody, once an update of it is published",
    Visibility.INTERNAL: "All colleagues, and never the public",
    Visibility.RESTRICTED: "Only you and whoever is named or paged",
}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What stands in the fields."""

    title: str = ""
    severity: str = ""
    components: Sequence[str] = ()
    how: str = ""
    impact: str = ""
    visibility: str = ""


def begun(words: str) -> Typed:
    """What was written behind the command; what is too long for a title is not lost."""
    if len(words) <= TITLE_LENGTH:
        return Typed(title=words)
    return Typed(title=words[: TITLE_LENGTH - 1] + "…", impact=words[:_LONGEST_IMPACT])


def typed(filled: Filled) -> Typed:
    """What was sent off."""
    return Typed(
        title=filled.text("title"),
        severity=filled.text("severity"),
        components=filled.values("components"),
        how=filled.text("how"),
        impact=filled.text("impact"),
        visibility=filled.text("visibility"),
    )


def form(asked: Asked, values: Typed, *, is_drill: bool, same: Incident | None = None) -> dict[str, Any]:
    """The form. With an incident that looks the ``same`` it asks about that one first, and sent again it declares."""
    follows = "A drill: it runs everything, and never reaches the public page." if is_drill else AFTER_DECLARING
    blocks = [
        *(_same_problem(same, asked) if same is not None else []),
        parts.text(
            "title",
            "What is wrong?",
            values.title,
            hint="A short title. It becomes public when you publish.",
            longest=TITLE_LENGTH,
        ),
        _severity(values.severity),
        *_touched(asked, values),
        parts.text(
            "impact",
            "What do people notice?",
            values.impact,
            hint="For colleagues. The public reads only what you publish.",
            longest=_LONGEST_IMPACT,
            lines=True,
            optional=True,
        ),
        parts.pick(
            "visibility",
            "Who may know",
            [parts.option(each, each.label, means) for each, means in _WHO_MAY_KNOW.items()],
            values.visibility or Visibility.PUBLIC,
        ),
        parts.sentence(follows),
        *([parts.quiet("\n".join(_what_happens(asked.person, is_drill=is_drill)))] if asked.person else []),
        *([] if asked.person else [parts.quiet(f"{UNKNOWN} You can declare all the same. {LINK}")]),
    ]
    submit = "Declare anyway" if same is not None else "Declare drill" if is_drill else "Declare incident"
    return parts.form(
        NAME,
        title="Declare a drill" if is_drill else "Declare an incident",
        blocks=blocks,
        submit=submit,
        kept={
            "once": parts.new_key(),
            **({"drill": 1} if is_drill else {}),
            **({"different": 1} if same is not None else {}),
        },
    )


def _same_problem(same: Incident, asked: Asked) -> list[Block]:
    room = asked.room(same, f"Open {same.ref}")
    return [
        parts.sentence(f"{same.ref} looks like the same problem: {same.title}", is_bold=True),
        parts.sentence("Look at it first. If it is another problem, declare anyway. Nothing was recorded yet."),
        parts.row([parts.way(room.label, room.address)]),
    ]


def _severity(chosen: str) -> Block:
    options = [
        parts.option(each, f"{each} {rule.label}, answered within {duration(rule.respond_within)}", rule.examples)
        for each, rule in matrix.matrix_now().items()
    ]
    hint = "Not sure? Pick the higher one. Lowering it later is normal."
    return parts.pick("severity", "How bad is it?", options, chosen, hint=hint)


def _touched(asked: Asked, values: Typed) -> list[Block]:
    menu = components.menu("components", "What is affected?", values.components, only_shown=asked.person is None)
    if menu is None:
        return []
    badly = [parts.option(status, label) for status, label in components.TROUBLES.items()]
    how = values.how or ComponentStatus.DEGRADED
    return [menu, parts.pick("how", "How badly?", badly, how, as_list=True, optional=True)]


def _what_happens(person: Person, *, is_drill: bool) -> list[str]:
    """For each severity, who is told first and how often an update is owed; and which of them leave people asleep."""
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
    return [*said, WAKES_NOBODY]
