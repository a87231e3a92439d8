"""Writing on the timeline: every action leaves one entry, and a person's entry keeps an acknowledgement alive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, Outdated
from ..published.wording import one_line
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from ..records.updates import Update
from . import incident_channel, team_channels

OLDEST = timedelta(days=3650)  # older times are slips of the hand, and some cannot be told in every zone
LONGEST_TEXT = 20_000  # characters; kernel.text renders no more either


def write(
    incident: Incident,
    kind: str,
    *,
    by: Actor,
    body: str = "",
    detail: dict[str, Any] | None = None,
    at: datetime | None = None,
    link: str | None = None,
    update: Update | None = None,
    is_public: bool = False,
    is_sign_of_life: bool = True,
) -> TimelineEntry:
    """Append one entry. A human's entry also moves ``last_human_entry_at``; every entry moves ``version``.

    ``is_sign_of_life``: False where it tells of what a human did some time ago, and somebody else wrote it down.
    """
    moment = clock.now()
    entry = TimelineEntry(
        incident_id=incident.id,
        at=at or moment,
        recorded_at=moment,
        kind=kind,
        by_kind=by.kind,
        by_id=by.id,
        by_name=by.name,
        body=body,
        detail=detail or {},
        link=link,
        update=update,
        is_public=is_public,
    )
    db.session.add(entry)
    if by.is_human:
        if is_sign_of_life:
            incident.last_human_entry_at = moment
        incident.version += 1
    team_channels.note(incident, entry)
    incident_channel.note(incident, entry)
    return entry


def words(value: str | None, *, field: str, sentence: str, longest: int = LONGEST_TEXT) -> str:
    """The text with its edges trimmed; raises Malformed naming ``field`` where nothing is left or too much."""
    text = (value or "").replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise Malformed({field: sentence})
    if len(text) > longest:
        raise Malformed({field: f"Use at most {longest:,} characters. There are {len(text):,} now."})
    return text


def name(value: str | None, *, field: str, sentence: str, longest: int) -> str:
    """The same on one line and without marks that turn the direction of what stands beside it."""
    return words(one_line(value or ""), field=field, sentence=sentence, longest=longest)


def optional_words(value: str | None, *, field: str, longest: int = LONGEST_TEXT) -> str | None:
    """The same where nothing is a good answer too."""
    return words(value, field=field, sentence="", longest=longest) if (value or "").strip() else None


def past(at: datetime | None, *, field: str) -> datetime | None:
    """A time at which something happened; raises Malformed naming ``field`` for the future and for ten years ago."""
    now = clock.now()
    if at is not None and at > now:
        raise Malformed({field: "This time is in the future."})
    if at is not None and at < now - OLDEST:
        raise Malformed({field: "This time is more than ten years ago."})
    return at


def expect_version(incident: Incident, version: int | None, *, theirs: dict[str, object] | None = None) -> None:
    """Raise Outdated when the caller saw an older incident than this one; None means that it did not say."""
    if version is not None and version != incident.version:
        raise Outdated(
            f"{incident.ref} has changed since you opened it. Look at both texts and decide.",
            version=incident.version,
            theirs=theirs,
        )
