"""The trackers of issues that the environment names, and so in which issues can be made."""

from __future__ import annotations

from .settings import Settings

GITHUB, GITLAB, JIRA = "github", "gitlab", "jira"
CHANNEL = "tracker"  # of the outbox; the tracker's name is the destination


def trackers_set(settings: Settings) -> list[str]:
    """Those for which there is a token and a place where issues go."""
    found = {
        GITHUB: settings.github_token and settings.github_repository,
        GITLAB: settings.gitlab_token and settings.gitlab_project,
        JIRA: settings.jira_url and settings.jira_token and settings.jira_project,
    }
    return [name for name, is_set in found.items() if is_set]


def place_of(tracker: str, settings: Settings) -> str:
    """Where its issues go, as people know it."""
    return {GITHUB: settings.github_repository, GITLAB: settings.gitlab_project, JIRA: settings.jira_project}[
        tracker
    ] or ""
