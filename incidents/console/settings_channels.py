"""Settings, escalation, its last section: which incidents get a channel of their own in Slack, and when it is archived."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from flask import request

from ..access import actor
from ..actions import incident_channel
from ..kernel.errors import Malformed
from ..records.incident_channel_settings import MOST_DAYS, Makes, channel_settings

MAKES: Final = ((Makes.PAGING, "P1 and P2"), (Makes.ALL, "All"), (Makes.NONE, "None"))
_DAYS = re.compile(r"\d{1,3}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """As the form's fields hold it."""

    makes: str
    for_restricted: bool
    archive_after_days: str


def typed_now() -> Typed:
    """What is saved."""
    chosen = channel_settings()
    return Typed(
        makes=chosen.makes, for_restricted=chosen.for_restricted, archive_after_days=str(chosen.archive_after_days)
    )


def change() -> tuple[Typed, dict[str, str]]:
    """What was typed, and what is wrong with it by field; nothing where it was changed."""
    typed = Typed(
        makes=request.form.get("makes", ""),
        for_restricted="for_restricted" in request.form,
        archive_after_days=request.form.get("archive_after_days", "").strip(),
    )
    if not _DAYS.fullmatch(typed.archive_after_days):
        return typed, {"archive_after_days": f"Give a number of days from 0 to {MOST_DAYS}."}
    try:
        incident_channel.change_settings(
            makes=typed.makes,
            for_restricted=typed.for_restricted,
            archive_after_days=int(typed.archive_after_days),
            by=actor(),
        )
    except Malformed as wrong:
        return typed, dict(wrong.fields)
    return typed, {}
