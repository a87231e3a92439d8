"""The post-mortem: the draft beside what people wrote, the durations with their states, and the whole as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Scope, actor
from ..actions.rca import NOTHING_OUT, find_rca
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.postmortems import WRITABLE, SectionName, State
from ..records.incidents import Incident
from ..records.postmortem_reviews import SENT_BACK, TAKEN_BACK
from ..records.postmortems import Postmortem, find_postmortem, sections_of
from ..reports import postmortem as report
from . import conditional, loading, updates
from .fields import Body, choice, clearable, flag, text, whole
from .operations import Answer, Given, operation, prefers
from .postmortem_shape import shape

MARKDOWN = "text/markdown"
_LONGEST = 20_000
_RULE = "/incidents/<ref>/postmortem"

_TEXTS = {name.value: clearable(text(_LONGEST)) for name in WRITABLE}
CHANGES = Body(
    optional={
        **_TEXTS,
        "owner": loading.EMAIL,
        "state": choice([State.PUBLISHED]),
        "reason": text(1000),
        **loading.VERSION,
    }
)


@operation(
    "GET",
    _RULE,
    scope=Scope.READ,
    summary="The post-mortem, or what its draft would be now when it was not begun. Markdown by Accept.",
    gives="Postmortem",
    also=MARKDOWN,
)
def show_postmortem(given: Given, ref: str) -> Answer | str:
    incident = loading.to_read(ref)
    begun = find_postmortem(incident.id)
    if prefers(MARKDOWN):
        return report.as_markdown(incident, begun)
    return _answer(incident, begun)


@operation(
    "PATCH",
    _RULE,
    scope=Scope.RESPOND,
    summary="Write sections (null gives the draft back its place), name its owner, publish it to colleagues "
    "(with the reason why nobody reviews it first).",
    gives="Postmortem",
    body=CHANGES,
)
def change_postmortem(given: Given, ref: str) -> Answer:
    incident = loading.to_lock(ref)
    found = find_postmortem(incident.id)
    # what is not begun has version 0 in nobody's hands: the first writing begins it
    if found is not None:
        conditional.expect(found.version, given, what="The post-mortem", theirs=_theirs(found, given))
    postmortem = actions.begin_postmortem(incident, by=actor())
    for name in _TEXTS:
        if name in given:
            actions.write_section(postmortem, name, by=actor(), body=given[name] or "")
    if "owner" in given:
        person = loading.person(given["owner"], field="owner")
        actions.set_postmortem_owner(postmortem, person=person, by=actor())
    if "state" in given:
        actions.publish_postmortem(incident, by=actor(), reason=given.get("reason", ""))
    return _answer(incident, postmortem)


@operation(
    "POST",
    f"{_RULE}/sections/<name>/regeneration",
    scope=Scope.RESPOND,
    summary="Draft one section anew from the record. What people wrote in it stays.",
    gives="Postmortem",
    body=Body(optional=loading.VERSION),
)
def regenerate_section(given: Given, ref: str, name: str) -> Answer:
    incident = loading.to_lock(ref)
    if name not in [*SectionName]:
        raise NotFound
    found = find_postmortem(incident.id)
    if found is not None:
        conditional.expect(found.version, given, what="The post-mortem")
    postmortem = actions.begin_postmortem(incident, by=actor())
    actions.regenerate_section(postmortem, name, by=actor())
    return _answer(incident, postmortem)


@operation(
    "PUT",
    f"{_RULE}/review",
    scope=Scope.RESPOND,
    summary="Ask somebody who wrote none of it to read it, send it back with a reason, or take the question back.",
    gives="Postmortem",
    body=Body(
        optional={
            "reviewer": loading.EMAIL,
            "answer": choice([SENT_BACK, TAKEN_BACK]),
            "reason": text(1000),
            **loading.VERSION,
        }
    ),
)
def review_postmortem(given: Given, ref: str) -> Answer:
    incident = loading.to_lock(ref)
    found = find_postmortem(incident.id)
    if found is not None:
        conditional.expect(found.version, given, what="The post-mortem")
    postmortem = actions.begin_postmortem(incident, by=actor())
    if "answer" in given and "reviewer" in given:
        raise Malformed({"answer": "Give a reviewer to ask, or an answer, not both."})
    if given.get("answer") == SENT_BACK:
        actions.send_back_postmortem(postmortem, by=actor(), reason=given.get("reason", ""))
    elif given.get("answer") == TAKEN_BACK:
        actions.take_back_review(postmortem, by=actor())
    elif "reviewer" in given:
        person = loading.person(given["reviewer"], field="reviewer")
        actions.ask_for_review(postmortem, reviewer=person, by=actor())
    else:
        raise Malformed({"reviewer": "Say who is to read it, or give an answer."})
    return _answer(incident, postmortem)


@operation(
    "PUT",
    f"{_RULE}/publication",
    scope=Scope.RESPOND,
    summary="Publish the root cause analysis on the status page, or revise the one that is out. Without body: its draft. "
    "Subscribers are told where notify says so. version is the update's; 0 says that none was out.",
    gives="Update",
    body=Body(optional={"body": text(_LONGEST), "notify": flag(), "version": whole(0, 2**31 - 1)}),
)
def publish_rca(given: Given, ref: str) -> Answer:
    incident = loading.to_lock(ref)
    out = find_rca(incident)
    theirs = {"body": out.body if out else ""}
    conditional.expect(out.version if out else NOTHING_OUT, given, what="The root cause analysis", theirs=theirs)
    body = given.get("body") or _rca_draft(incident)
    if not body:
        raise Malformed({"body": "Say what happened: there is no draft of it."})
    update = actions.publish_rca(incident, by=actor(), body=body, notify=given.get("notify", False))
    return updates.answer(incident, update)


@operation(
    "DELETE",
    f"{_RULE}/publication",
    scope=Scope.RESPOND,
    summary="Withdraw the root cause analysis from everything that is served.",
    gives=None,
    status=204,
)
def withdraw_rca(given: Given, ref: str) -> None:
    actions.withdraw_rca(loading.to_lock(ref), by=actor())


def _rca_draft(incident: Incident) -> str:
    begun = find_postmortem(incident.id)
    return sections_of(begun)[SectionName.RCA_PUBLIC].text if begun else ""


def _theirs(postmortem: Postmortem, given: Mapping[str, Any]) -> dict[str, object]:
    kept = sections_of(postmortem)
    return {name: kept[name].text for name in _TEXTS if name in given and name in kept}


def _answer(incident: Incident, postmortem: Postmortem | None) -> Answer:
    db.session.flush()
    version = postmortem.version if postmortem else 0
    return Answer(shape(incident, postmortem), version=version)
