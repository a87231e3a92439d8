"""Trackers of issues: which one an address leads to, and how people there name the issue."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote, urlsplit


class Tracker(StrEnum):
    """The trackers we know."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JIRA = "jira"

    @property
    def label(self) -> str:
        """The name that people know."""
        return {"github": "GitHub", "gitlab": "GitLab", "jira": "Jira"}[self]


# Each by the shape of its path, since all three are also run on hosts of one's own.
_NAME = r"[\w.-]+"
_GITHUB = re.compile(rf"/({_NAME}/{_NAME})/(?:issues|pull)/(\d+)/?", re.ASCII)
_GITLAB = re.compile(rf"/({_NAME}(?:/{_NAME})+)/-/(issues|work_items|merge_requests)/(\d+)/?", re.ASCII)
_JIRA = re.compile(r"(?:/.*)?/browse/([A-Z][A-Z0-9_]+-\d+)/?", re.ASCII)
_LONGEST_HOST = 60


def recognise(link: str) -> tuple[Tracker, str] | None:
    """The tracker and the issue's name there, such as ``owner/repo#12`` or ``PROJ-7``; None for any other address."""
    path = unquote(urlsplit(link).path)
    if found := _GITLAB.fullmatch(path):
        mark = "!" if found[2] == "merge_requests" else "#"
        return Tracker.GITLAB, f"{found[1]}{mark}{found[3]}"
    if found := _GITHUB.fullmatch(path):
        return Tracker.GITHUB, f"{found[1]}#{found[2]}"
    if found := _JIRA.fullmatch(path):
        return Tracker.JIRA, found[1]
    return None


def short_name(link: str) -> str:
    """How a link reads in a list: the issue's name, else the host that it leads to."""
    known = recognise(link)
    return known[1] if known else (urlsplit(link).hostname or link)[:_LONGEST_HOST]
