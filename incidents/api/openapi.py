"""The API's description in OpenAPI 3.1, made from the table that routes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import idempotency, shapes
from .fields import Body, Schema
from .operations import JSON, OPERATIONS, PREFIX, Operation

VERSION = "1"
PROBLEM = "application/problem+json"
_PATH_PART = re.compile(r"<(\w+)>")

# what any operation may answer besides its own status
ERRORS: Mapping[int, str] = {
    400: "The body is no JSON that can be read here, or the address holds what cannot be stored.",
    401: "There is no living token in the Authorization header.",
    403: "The token's scope is too small.",
    404: "There is no such thing, or this token may not know of it.",
    406: "Only the media type described here is answered.",
    409: "The rules do not allow it now (`missing` names what a step asks for), or `version` is not the present one.",
    412: "If-Match names another version than the present one, which is in `version`.",
    413: "The body is larger than one megabyte.",
    415: "The body is not sent as application/json, or is compressed.",
    422: "A field is wrong, unknown or missing: `errors` names each.",
    429: "The token asks too often; Retry-After says when it may again.",
    500: "Something broke on our side; `reference` finds it in the log.",
    503: "The database is away; Retry-After says when to try again.",
    507: "The disk is full; Retry-After says when to try again.",
}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ONLY_WRITES = frozenset({409, 412, 413, 415})

PARTS: Mapping[str, str] = {
    "ref": "An incident, such as INC-42.",
    "update_id": "An update's id.",
    "entry_id": "A timeline entry's id.",
    "relation_id": "A relation's id.",
    "name": "A section of a post-mortem, such as root_cause.",
    "role": "In an incident commander, communications_lead, scribe; on call on_call_engineer, engineering_lead, cto; "
    "or one of the team's own.",
    "email": "A person's address.",
    "component_id": "A component's public id.",
    "maintenance_id": "A maintenance's public id.",
    "group_id": "A component group's public id.",
    "severity": "P1, P2, P3 or P4.",
    "template_id": "A message template's id.",
    "delivery_id": "A delivery's id.",
    "rotation_id": "A rotation's id.",
    "override_id": "An override's id.",
    "swap_id": "A swap's id.",
    "person_group_id": "A group's id.",
    "subscriber_id": "A subscriber's id.",
    "address_id": "The id of an address of that person.",
    "item_id": "An action item's id.",
}
QUERIES: Mapping[str, str] = {
    "limit": "How many at most on a page; 50 when not given.",
    "cursor": "Where the page begins: take it from the Link header.",
    "state": "A state; for incidents and deliveries one or more, with commas between them.",
    "severity": "One or more severities, with commas between them.",
    "visibility": "One or more visibilities, with commas between them.",
    "component": "A component's public id.",
    "cause": "The word of a cause, as incidents have it.",
    "format": "json or csv, whatever Accept says.",
    "q": "Words in the title or the impact; of subscribers a part of the address; of search every word, phrases in quotes.",
    "what": "One or more kinds of texts, with commas between them; all when not given.",
    "tag": "A tag.",
    "kind": "email or webhook; of action items one or more of prevent, detect, mitigate and process.",
    "incident": "An incident, such as INC-42.",
    "owner": "An e-mail address, or nobody.",
    "priority": "One or more priorities, with commas between them.",
    "status": "One or more, with commas between them; undone stands for open and in_progress.",
    "due_before": "Due before this day.",
    "since": "From this time on; for incidents the time at which they were detected.",
    "until": "Before this time.",
    "at": "At this time instead of now.",
    "rotation": "A rotation's id.",
    "archived": "true for those that were archived instead of those in use.",
    "channel": "One or more channels, with commas between them.",
    "destination": "Where it goes, as the outbox has it.",
    "person": "The e-mail address of whom it is for.",
    "event": "What caused it.",
    "reason": "Why it waits, failed, was skipped or is held.",
    "applies_to": "this for this one alone, all for every one that has not begun.",
}
_HEADERS = {
    "Link": {"description": 'The next page, with rel="next" (RFC 8288).', "schema": shapes.TEXT},
    "ETag": {"description": "The present version; give it as If-Match.", "schema": shapes.TEXT},
    "Location": {"description": "Where the new thing is.", "schema": shapes.TEXT},
    "Retry-After": {"description": "Seconds.", "schema": shapes.NUMBER},
}


def description() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for entry in sorted(OPERATIONS, key=place_of):
        paths.setdefault(path_of(entry), {})[entry.method.lower()] = _operation(entry)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sevenbells",
            "version": VERSION,
            "summary": "Incidents, their updates and the status page, for programs.",
            "description": "Times are RFC 3339 in UTC. Errors are problem+json (RFC 9457).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token with the scope read, respond or admin; each may do what the ones before it may.",
                }
            },
            "responses": {_error_name(status): _error(status) for status in ERRORS},
            "schemas": shapes.SCHEMAS,
        },
    }


def place_of(entry: Operation) -> tuple[str, int]:
    """Where it stands among the others: by address, reading before writing."""
    return entry.rule, _METHODS.index(entry.method)


def path_of(entry: Operation) -> str:
    """The address as OpenAPI writes it."""
    return PREFIX + _PATH_PART.sub(r"{\1}", entry.rule)


def parts_of(entry: Operation) -> list[str]:
    """The names of the parts that change in an address."""
    return _PATH_PART.findall(entry.rule)


def statuses_of(entry: Operation) -> list[int]:
    """Which errors this operation can answer."""
    return [status for status in ERRORS if entry.writes or status not in _ONLY_WRITES]


def takes_body(entry: Operation) -> bool:
    """Whether a body means anything to it."""
    return entry.writes and bool(entry.body.required or entry.body.optional)


def _operation(entry: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": entry.name,
        "summary": entry.summary,
        "description": f"Scope: {entry.scope}.",
        "tags": [entry.tag],
        "parameters": _parameters(entry),
        "responses": {
            str(entry.status): _success(entry),
            **{str(status): {"$ref": f"#/components/responses/{_error_name(status)}"} for status in statuses_of(entry)},
        },
    }
    if takes_body(entry):
        described["requestBody"] = _body(entry.body)
    return described


def _parameters(entry: Operation) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "description": PARTS[name], "schema": shapes.TEXT}
        for name in parts_of(entry)
    ]
    found += [
        {"name": name, "in": "query", "description": QUERIES[name], "schema": each.schema}
        for name, each in entry.query.optional.items()
    ]
    if entry.method == "POST":
        found.append(
            _header(idempotency.HEADER, "The same request under one key acts once, for 24 hours.", {"maxLength": 255})
        )
    if entry.writes and "<ref>" in entry.rule:
        found.append(_header("If-Match", "The version that you have seen; another one is refused with 412.", {}))
    return found


def _header(name: str, sentence: str, more: Schema) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": sentence, "schema": {**shapes.TEXT, **more}}


def _body(body: Body) -> dict[str, Any]:
    return {"required": bool(body.required), "content": {JSON: {"schema": body.schema}}}


def _success(entry: Operation) -> dict[str, Any]:
    if entry.gives is None:
        return {"description": "Done."}
    thing = shapes.ref(entry.gives)
    schema = shapes.record(items=shapes.many(thing)) if entry.is_list else thing
    names = ["Link"] if entry.is_list else ["ETag", "Location"] if entry.status == 201 else ["ETag"]
    return {
        "description": "A page of them." if entry.is_list else "The thing as it now is.",
        "headers": {name: _HEADERS[name] for name in names},
        "content": {
            entry.media: {"schema": schema},
            **({entry.also: {"schema": shapes.TEXT}} if entry.also is not None else {}),
        },
    }


def _error(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": ERRORS[status],
        "content": {PROBLEM: {"schema": shapes.ref("Problem")}},
    }
    if status in {429, 503, 507}:
        found["headers"] = {"Retry-After": _HEADERS["Retry-After"]}
    return found


def _error_name(status: int) -> str:
    return f"Error{status}"
