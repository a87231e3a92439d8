"""One turn of the clock on an incident's channel: the row in hand, what should be, and what went wrong so far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol

from ..actions.channel_plan import Plan
from ..channels.slack_asking import Refused
from ..kernel.settings import Settings
from ..records.incident_channels import IncidentChannel

ARCHIVED: Final = "is_archived"
GONE: Final = "channel_not_found"
PUT_OUT: Final = "not_in_channel"


class Overtaken(Exception):
    """Somebody else has taken this channel since: what this turn would write is out of date."""


class Keep(Protocol):
    """Writes down what a step has done, with what ``also`` writes, and commits. Raises Overtaken."""

    def __call__(self, also: Callable[[], None] | None = None, **done: Any) -> None: ...


class Turn:
    """``is_stale`` says whether something was asked for since the plan was made: then it is made anew first."""

    def __init__(
        self, channel: IncidentChannel, plan: Plan, settings: Settings, *, keep: Keep, is_stale: Callable[[], bool]
    ) -> None:
        self.channel, self.plan, self.settings, self.keep, self.is_stale = channel, plan, settings, keep, is_stale
        self.troubles: list[Refused] = []
        self.again_after: timedelta | None = None  # something is waited for that is no trouble

    @property
    def id(self) -> str:
        """Slack's ID of the channel, once it was made."""
        return self.channel.channel_id or ""

    @property
    def is_away(self) -> bool:
        """Whether nothing can be done in Slack at present."""
        return any(trouble.is_away for trouble in self.troubles)

    @property
    def worst(self) -> Refused | None:
        """What is shown in the room: what somebody has to mend before what passes by itself."""
        return next((each for each in self.troubles if each.needs_somebody), next(iter(self.troubles), None))

    def met(self, *words: str) -> bool:
        """Whether Slack said one of these."""
        return any(trouble.word in words for trouble in self.troubles)

    def went_wrong(self, found: object) -> bool:
        """Whether that was a refusal, which is then remembered."""
        if isinstance(found, Refused):
            self.troubles.append(found)
            return True
        return False
