"""The form *Update*: for colleagues it is posted at once; for the public a preview comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from slack_sdk.models.blocks import Block

from ... import actions
from ...actions import components as incident_components
from ...actions import first_words
from ...kernel.errors import Outdated
from ...records.incidents import Incident
from ...records.people import Person
from .. import opening
from ..acted import Acted
from ..commands.asked import Asked
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import components, parts, posted, preview, promises, wanted
from .filled import Filled
from .wanted import Wanted

NAME: Final = "update"
_AUDIENCES: Final = {
    "public": ("Public", "You see a preview before anything goes out"),
    "internal": ("Internal", "Colleagues read it at once, and the public never does"),
}


def reply(asked: Asked, incident: Incident) -> Reply:
    """The form; or where in the browser it is."""
    return Reply(
        f"The form did not open in Slack. Write the update on {incident.ref} in the browser.",
        buttons=[asked.page("Write the update", f"/incidents/{incident.ref}/updates")],
        form=form(incident, asked.known()),
    )


def form(
    incident: Incident,
    person: Person,
    *,
    typed: Wanted | None = None,
    notes: tuple[str, ...] = (),
    theirs: str = "",
    once: str = "",
) -> dict[str, Any]:
    """The form as it opens, or with what was ``typed``; ``theirs`` is a text that somebody else posted meanwhile."""
    audience = typed.audience if typed else first_words.audience_of(incident)
    status = typed.status if typed and typed.status else str(first_words.status_of(incident))
    next_update = promises.due(incident, "")
    body = typed.body if typed else first_words.of(incident, audience=audience, status=status, next_update=next_update)
    statuses = {**incident_components.statuses_of(incident), **(typed.components if typed else {})}
    menu = promises.menu(incident, person, typed.next_word if typed else "")
    after = wanted.newest_entry(incident)
    mark = f"_{after}" if typed else ""
    blocks = [
        *(parts.sentence(note) for note in notes),
        *([parts.quoted(theirs)] if theirs else []),
        *_about(incident),
        *_audience(incident, audience),
        parts.text("body", "Current status", body, lines=True, hint=_hint(body)),
        *_status(incident, status),
        *components.menus(statuses, mark=mark),
        *([menu] if menu else []),
    ]
    return parts.form(
        NAME,
        title=f"Update {incident.ref}",
        blocks=blocks,
        submit="Go on",
        kept={
            "ref": incident.ref,
            "after": after,
            "once": once or parts.new_key(),
            **(components.carried(typed.components, mark=mark) if typed else {}),
        },
        closes_all=bool(theirs),
    )


def _about(incident: Incident) -> list[Block]:
    marks = "Drill: " if incident.is_drill else "Restricted: " if incident.visibility == "restricted" else ""
    return [parts.quiet(f"{marks}{incident.ref} · {incident.severity} · {incident.title}")]


def _audience(incident: Incident, audience: str) -> list[Block]:
    may_be_public = first_words.audience_of(incident) == "public"
    names = ["public", "internal"] if may_be_public else ["internal"]
    options = [parts.option(name, *_AUDIENCES[name]) for name in names]
    return [parts.pick("audience", "Who is it for?", options, audience if may_be_public else "internal")]


def _hint(body: str) -> str:
    if len(body) > parts.LONGEST_INPUT:
        return "The last text is longer than a field in Slack takes: it is in the browser."
    return "Say what people notice, and what is being done about it."


def _status(incident: Incident, status: str) -> list[Block]:
    if first_words.audience_of(incident) != "public":
        return []
    options = [parts.option(each, each.label) for each in first_words.statuses_of(incident)]
    chosen = status if status in first_words.statuses_of(incident) else ""
    return [parts.pick("status", "Public status", options, chosen, as_list=True, optional=True)]


def _press(acted: Acted) -> Afterwards | None:
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    answer = reply(asked, incident)
    assert answer.form is not None
    return opening.afterwards(acted, answer.form, otherwise=answer)


def _submit(acted: Acted) -> Body | Callable[[], Body]:
    """Post it for colleagues, or lay its preview on the form."""
    filled = Filled(acted)
    incident, person = filled.incident()
    meant = wanted.of_form(filled, incident)
    if filled.was_sent():
        return parts.in_place(posted.already(incident, acted.asked("")))
    try:
        wanted.mind_the_newest(incident, person, after=filled.after)
    except Outdated as newer:
        return parts.in_place(after_another(incident, person, newer, typed=meant, once=filled.once))
    wanted.check(incident, meant)
    if meant.is_public:
        wanted.keep(incident, person, meant, once=filled.once)
        return lambda: parts.on_top(preview.form(incident, person, meant, kept=filled.kept))
    return parts.in_place(_post(filled, incident, person, meant))


def _post(filled: Filled, incident: Incident, person: Person, meant: Wanted) -> Mapping[str, Any]:
    asked = filled.acted.asked("")
    if not filled.is_first_time():
        return posted.already(incident, asked)
    update = actions.post_update(
        incident,
        by=person.as_actor(),
        body=meant.body,
        audience=meant.audience,
        components=meant.components,
        next_update_at=promises.given(incident, meant.next_word),
        can_be_undone=True,
    )
    return posted.out(incident, update, asked)


def after_another(incident: Incident, person: Person, newer: Outdated, *, typed: Wanted, once: str) -> dict[str, Any]:
    """The form again, with what somebody else posted meanwhile above one's own text."""
    notes = (
        newer.sentence,
        "What they wrote is here; your own text is still in its field. Send it again if it still holds.",
    )
    return form(incident, person, typed=typed, notes=notes, theirs=str(newer.theirs.get("body") or ""), once=once)


PRESSED["open/update:"] = _press
SUBMITTED[NAME] = _submit
