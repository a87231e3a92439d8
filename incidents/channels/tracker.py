"""Issues in GitHub, GitLab and Jira: one is made from an action item, once, and its address comes back as the receipt.

No answer does not say that nothing was made. So each issue holds the message's key, and before one is made the newest
ones are looked through for it: GitHub's by their list, whose search lags, the others' by a search for that one word.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from ..kernel import http
from ..kernel.http import Answer
from ..kernel.settings import Settings
from ..kernel.text import one_line
from ..kernel.trackers import GITHUB, GITLAB, JIRA, place_of, trackers_set
from . import Message, Outcome
from .answers import of_trouble, retry_after

_MOST_BYTES = 4 * 1024 * 1024  # of a list with the texts of its issues
_LONGEST_REASON, _LONGEST_LINK = 200, 2000
_LABELS = {GITHUB: "GitHub", GITLAB: "GitLab", JIRA: "Jira"}
_SLACK = timedelta(minutes=10)  # between our clock and theirs


def send(message: Message, settings: Settings) -> Outcome:
    """Make the issue, or find the one that an earlier attempt made. Receipt: ``link``.

    The destination is the tracker's name. Payload: ``title``, ``text``, ``asked_at``.
    """
    tracker = message.destination
    if tracker not in trackers_set(settings):
        return Outcome("refused", f"No token for {_LABELS.get(tracker, 'this tracker')} is set")
    look, make = _WAYS[tracker]
    try:
        link = look(message, settings) or make(message, settings)
    except _Refused as refused:
        return refused.outcome
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble)
    return Outcome("sent", receipt={"link": link})


class _Refused(Exception):
    """What was answered is no success."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def _marker(message: Message) -> str:
    return f"sevenbells-{message.key}"


# ---- GitHub: docs.github.com/en/rest/issues/issues ----


def _find_at_github(message: Message, settings: Settings) -> str | None:
    since = datetime.fromisoformat(str(message.payload["asked_at"])).astimezone(UTC) - _SLACK
    asked = {
        "state": "all",
        "sort": "created",
        "direction": "desc",
        "per_page": 50,
        "since": f"{since:%Y-%m-%dT%H:%M:%SZ}",
    }
    answer = _github("GET", f"?{urlencode(asked)}", message, settings)
    for issue in _list(answer, GITHUB):
        if _marker(message) in str(issue.get("body") or ""):
            return _link(issue.get("html_url"), GITHUB)
    return None


def _make_at_github(message: Message, settings: Settings) -> str:
    said = {"title": message.payload["title"], "body": f"{message.payload['text']}\n\n<!-- {_marker(message)} -->"}
    answer = _github("POST", "", message, settings, said)
    return _link(_object(answer, GITHUB).get("html_url"), GITHUB)


def _github(
    method: str, rest: str, message: Message, settings: Settings, said: Mapping[str, Any] | None = None
) -> Answer:
    url = f"{settings.github_api_url.rstrip('/')}/repos/{quote(settings.github_repository or '')}/issues{rest}"
    headers = {
        "Authorization": f"Bearer {settings.github_token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return _ask(GITHUB, method, url, headers, message, settings, said)


# ---- GitLab: docs.gitlab.com/api/issues ----


def _find_at_gitlab(message: Message, settings: Settings) -> str | None:
    asked = {"search": _marker(message), "in": "description", "per_page": 1}
    found = _list(_gitlab("GET", f"?{urlencode(asked)}", message, settings), GITLAB)
    return _link(found[0].get("web_url"), GITLAB) if found else None


def _make_at_gitlab(message: Message, settings: Settings) -> str:
    said = {
        "title": message.payload["title"],
        "description": f"{message.payload['text']}\n\n<!-- {_marker(message)} -->",
    }
    return _link(_object(_gitlab("POST", "", message, settings, said), GITLAB).get("web_url"), GITLAB)


def _gitlab(
    method: str, rest: str, message: Message, settings: Settings, said: Mapping[str, Any] | None = None
) -> Answer:
    project = quote(settings.gitlab_project or "", safe="")
    url = f"{settings.gitlab_url.rstrip('/')}/api/v4/projects/{project}/issues{rest}"
    return _ask(GITLAB, method, url, {"PRIVATE-TOKEN": settings.gitlab_token or ""}, message, settings, said)


# ---- Jira: developer.atlassian.com/cloud/jira/platform/rest; a label is what its search finds for certain ----


def _find_at_jira(message: Message, settings: Settings) -> str | None:
    asked = urlencode({"jql": f'labels = "{_marker(message)}"', "fields": "key", "maxResults": 1})
    try:
        answer = _jira("GET", f"/rest/api/3/search/jql?{asked}", message, settings)
    except _Refused as refused:
        if not refused.outcome.reason.startswith(_MISSING[JIRA]):
            raise
        answer = _jira("GET", f"/rest/api/2/search?{asked}", message, settings)  # Data Center has the older one alone
    issues = _object(answer, JIRA).get("issues")
    found = issues[0] if isinstance(issues, list) and issues and isinstance(issues[0], dict) else None
    return _jira_link(found, settings) if found else None


def _make_at_jira(message: Message, settings: Settings) -> str:
    fields = {
        "project": {"key": settings.jira_project},
        "issuetype": {"name": settings.jira_issue_type},
        "summary": message.payload["title"],
        "description": message.payload["text"],
        "labels": [_marker(message)],
    }
    return _jira_link(
        _object(_jira("POST", "/rest/api/2/issue", message, settings, {"fields": fields}), JIRA), settings
    )


def _jira_link(issue: Mapping[str, Any], settings: Settings) -> str:
    return _link(f"{(settings.jira_url or '').rstrip('/')}/browse/{quote(str(issue.get('key') or ''))}", JIRA)


def _jira(
    method: str, path: str, message: Message, settings: Settings, said: Mapping[str, Any] | None = None
) -> Answer:
    token = settings.jira_token or ""
    basic = base64.b64encode(f"{settings.jira_user}:{token}".encode()).decode()
    # with a user it is a token of Jira Cloud, without one a personal token of Data Center
    headers = {"Authorization": f"Basic {basic}" if settings.jira_user else f"Bearer {token}"}
    return _ask(JIRA, method, f"{(settings.jira_url or '').rstrip('/')}{path}", headers, message, settings, said)


# ---- how they are asked, and read ----


def _ask(
    tracker: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    message: Message,
    settings: Settings,
    said: Mapping[str, Any] | None,
) -> Answer:
    answer = http.request(
        method,
        url,
        settings,
        content=None if said is None else json.dumps(said).encode(),
        headers={
            "Accept": "application/json",
            "User-Agent": "Sevenbells",
            "Content-Type": "application/json",
            **headers,
        },
        is_trusted=True,
        most_bytes=_MOST_BYTES,
        patience=message.patience,
    )
    if not 200 <= answer.status < 300:
        raise _Refused(_meaning(tracker, answer, settings))
    if not answer.is_whole:
        raise _Refused(Outcome("failed", f"{_LABELS[tracker]} answered with more than can be read"))
    return answer


_MISSING = {name: f"{label} knows no such place" for name, label in _LABELS.items()}


def _meaning(tracker: str, answer: Answer, settings: Settings) -> Outcome:
    """Tried again where time may mend it; what somebody must mend is said, and tried again by hand."""
    name, status = _LABELS[tracker], answer.status
    wait = retry_after(answer.headers)
    if status == 429 or (status == 403 and (wait or answer.headers.get("x-ratelimit-remaining") == "0")):
        return Outcome("failed", f"{name} asks us to wait (status {status})", wait or timedelta(minutes=1))
    if status == 401:
        return Outcome("refused", f"{name} does not accept the token (status 401)")
    if status == 403:
        return Outcome("refused", f"{name} does not let this token do that (status 403)")
    if status in (404, 410):
        place = place_of(tracker, settings)
        return Outcome("refused", f"{_MISSING[tracker]}, or the token may not see it: {place} (status {status})")
    if 400 <= status < 500 and status not in (408, 409, 425):
        return Outcome("refused", f"{name} refused it (status {status}): {_errors(answer)}"[:_LONGEST_REASON])
    if 300 <= status < 400:
        return Outcome("refused", f"{name} answered with a redirect (status {status}), and none is followed")
    return Outcome("failed", f"{name} answered with status {status}", wait)


def _errors(answer: Answer) -> str:
    """What it says is wrong, in whichever of their shapes; never more than a line."""
    try:
        said: Any = json.loads(answer.body)
    except (ValueError, RecursionError):  # an answer nested without end is no answer either
        return "it gave no reason"
    if not isinstance(said, dict):
        return "it gave no reason"
    told = [said.get("message"), said.get("error"), *_texts(said.get("errorMessages")), *_texts(said.get("errors"))]
    return one_line("; ".join(str(each) for each in told if each)) or "it gave no reason"


def _texts(said: Any) -> list[Any]:
    return [*said.values()] if isinstance(said, dict) else said if isinstance(said, list) else []


def _object(answer: Answer, tracker: str) -> Mapping[str, Any]:
    found = _json(answer, tracker)
    if not isinstance(found, dict):
        raise _Refused(_unread(tracker))
    return found


def _list(answer: Answer, tracker: str) -> list[Mapping[str, Any]]:
    found = _json(answer, tracker)
    if not isinstance(found, list):
        raise _Refused(_unread(tracker))
    return [each for each in found if isinstance(each, dict)]


def _json(answer: Answer, tracker: str) -> Any:
    try:
        return json.loads(http.unpacked(answer, _MOST_BYTES))
    except (ValueError, RecursionError):  # an answer nested without end is no answer either
        raise _Refused(_unread(tracker)) from None


def _link(value: Any, tracker: str) -> str:
    """The issue's address; what is none of http would run in the reader's browser."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")) or len(value) > _LONGEST_LINK:
        raise _Refused(_unread(tracker))
    return value


def _unread(tracker: str) -> Outcome:
    return Outcome("failed", f"{_LABELS[tracker]} answered with something that cannot be read")


_Look = Callable[[Message, Settings], str | None]
_Make = Callable[[Message, Settings], str]
_WAYS: Mapping[str, tuple[_Look, _Make]] = MappingProxyType(
    {
        GITHUB: (_find_at_github, _make_at_github),
        GITLAB: (_find_at_gitlab, _make_at_gitlab),
        JIRA: (_find_at_jira, _make_at_jira),
    }
)
