"""Post-mortems, which to Statuspage are public texts: the root cause analysis of ours, and its draft in the post-mortem."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

from ... import actions
from ...access import Scope, actor
from ...actions import rca
from ...kernel.errors import Malformed
from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortems import Postmortem, find_postmortem, sections_of
from . import realtime
from .routes import Given, Tell, address
from .shapes import stamp
from .values import flag, text

_ADDRESS = "/<page_id>/incidents/<incident_id>/postmortem"


@address("GET", _ADDRESS, scope=Scope.READ)
def show_postmortem(given: Given, incident_id: str) -> Tell:
    incident, _known = realtime.to_read(incident_id)
    return lambda: _shape(incident)


@address(
    "PUT",
    _ADDRESS,
    scope=Scope.RESPOND,
    takes={"body_draft": text(25_000), "body": text(25_000)},
    wrapped_in="postmortem",
)
def write_postmortem(given: Given, incident_id: str) -> Tell:
    body = given.get("body_draft") or given.get("body")
    if not body:
        raise Malformed({"body_draft": "body_draft: Write what people should know."})
    incident, _known = realtime.to_change(incident_id)
    rca.check_can_be_published(incident)
    _draft(incident, body)
    return lambda: _shape(incident)


@address("DELETE", _ADDRESS, scope=Scope.RESPOND)
def delete_postmortem(given: Given, incident_id: str) -> Tell:
    incident, _known = realtime.to_change(incident_id)
    actions.withdraw_rca(incident, by=actor())
    _draft(incident, "")
    return lambda: None


@address(
    "PUT",
    f"{_ADDRESS}/publish",
    scope=Scope.RESPOND,
    takes={"notify_subscribers": flag()},
    wrapped_in="postmortem",
)
def publish_postmortem(given: Given, incident_id: str) -> Tell:
    incident, _known = realtime.to_change(incident_id)
    body = _draft_of(incident) or rca.last_words(incident)
    if not body:
        raise Malformed({"body_draft": "body_draft: Write it first."})
    actions.publish_rca(incident, by=actor(), body=body, notify=given.get("notify_subscribers") is not False)
    return lambda: _shape(incident)


@address("PUT", f"{_ADDRESS}/revert", scope=Scope.RESPOND)
def revert_postmortem(given: Given, incident_id: str) -> Tell:
    incident, _known = realtime.to_change(incident_id)
    out = rca.find_rca(incident)
    if out is None:
        raise NotFound
    actions.withdraw_rca(incident, by=actor())
    _draft(incident, out.body)
    return lambda: _shape(incident)


def _draft(incident: Incident, body: str) -> None:
    """Keep it where whoever opens the post-mortem finds it; nothing to keep begins none."""
    postmortem = find_postmortem(incident.id)
    if postmortem is None and body:
        postmortem = actions.begin_postmortem(incident, by=actor())
    if postmortem is not None:
        actions.write_section(postmortem, SectionName.RCA_PUBLIC, by=actor(), body=body)


def _draft_of(incident: Incident) -> str:
    postmortem = find_postmortem(incident.id)
    return _section(postmortem).written or "" if postmortem is not None else ""


def _section(postmortem: Postmortem) -> Any:
    return sections_of(postmortem)[SectionName.RCA_PUBLIC]


def _shape(incident: Incident) -> dict[str, Any]:
    """Raises NotFound where there is neither a draft nor a text that is out."""
    out, postmortem = rca.find_rca(incident), find_postmortem(incident.id)
    section = _section(postmortem) if postmortem is not None and _draft_of(incident) else None
    if out is None and section is None:
        raise NotFound
    drafted_at = stamp(section.written_at) if section is not None and section.written_at else None
    published_at = stamp(out.published_at) if out is not None and out.published_at else None
    told_at = stamp(out.edited_at or out.published_at) if out is not None and out.published_at else None
    created = postmortem.begun_at if postmortem is not None else out.created_at if out is not None else None
    return {
        "preview_key": None,
        "body": out.body if out is not None else None,
        "body_updated_at": told_at,
        "body_draft": section.written if section is not None else None,
        "body_draft_updated_at": drafted_at,
        "published_at": published_at,
        "notify_subscribers": bool(out is not None and out.notify),
        "notify_twitter": False,
        "custom_tweet": None,
        "created_at": stamp(created) if created is not None else None,
        "updated_at": max(filter(None, (drafted_at, told_at)), default=None),
    }
