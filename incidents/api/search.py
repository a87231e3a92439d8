"""Search: what holds all the words, the best first, as far as the token may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app

from ..access import Scope, viewer
from ..access.visibility import visible_to
from ..kernel.settings import Settings
from ..policy import asked_words
from ..policy.lifecycle import State
from ..policy.severity import Severity
from ..policy.tags import LONGEST, clean
from ..reports import search
from ..reports.search import Hit, Kind, Narrowing
from ..reports.search.hits import Place
from . import incident_shape, paging, shapes
from .fields import choices, moment, text
from .operations import Given, Thing, operation
from .paging import Page
from .shapes import MAYBE_TEXT, MAYBE_TIME, TEXT, maybe_stamp

_LONGEST_QUESTION = 200_000  # only the beginning is read, but nobody is refused for pasting a log

shapes.named(
    "SearchHit",
    shapes.record(
        kind=shapes.word(Kind),
        ref=TEXT,
        title=TEXT,
        severity=shapes.word(Severity),
        state=shapes.word(State),
        snippet=TEXT,
        source=MAYBE_TEXT,
        by=MAYBE_TEXT,
        at=MAYBE_TIME,
        tags=shapes.many(TEXT),
        url=TEXT,
    ),
)


@operation(
    "GET",
    "/search",
    scope=Scope.READ,
    summary="Incidents, post-mortems, updates and timelines that hold every word of q; an incident's number finds it first.",
    gives="SearchHit",
    query={
        "q": text(_LONGEST_QUESTION, example='"connection pool" billing'),
        "what": choices(Kind),
        "severity": choices(Severity),
        "component": text(12),
        "tag": text(LONGEST),
        "since": moment(),
        "until": moment(),
    },
    is_list=True,
)
def find(given: Given) -> Page[Thing]:
    asked = asked_words.read(given.get("q", ""))
    narrowing = Narrowing(
        kinds=tuple(Kind(kind) for kind in given.get("what", ())),
        severities=given.get("severity", ()),
        component=given.get("component", ""),
        tag=clean(given.get("tag", "")),
        since=given.get("since"),
        until=given.get("until"),
    )

    def ask(limit: int, after: tuple[int, int] | None) -> tuple[Sequence[Thing], tuple[int, int] | None]:
        found = search.find(
            asked,
            seen=visible_to(viewer()),
            sees_drafts=True,  # a token that reads incidents reads the texts that wait in them too
            narrowing=narrowing,
            limit=limit,
            after=Place(*after) if after else None,
        )
        last = (max(found.last.rank, 0), found.last.rowid) if found.last else None
        return [_shape(hit) for hit in found.hits], last

    return paging.by_rank(ask, given)


def _shape(hit: Hit) -> dict[str, Any]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return {
        "kind": hit.kind,
        "ref": hit.incident.ref,
        "title": hit.incident.title,
        "severity": hit.incident.severity,
        "state": incident_shape.state_of(hit.incident),
        "snippet": hit.text,
        "source": hit.source or None,
        "by": hit.by or None,
        "at": maybe_stamp(hit.at),
        "tags": list(hit.tags),
        "url": f"{settings.base_url}{hit.path}",
    }
