"""Letters to members of the public about their subscription: please confirm, welcome, you are on the list already."""

from __future__ import annotations

from datetime import UTC, datetime

from .letters import Button, Letter


def please_confirm(*, page: str, address: str, until: datetime, language: str) -> Letter:
    """To an address that somebody gave; nothing else is sent to it before its owner says yes."""
    return Letter(
        subject=f"[{page}] Confirm your subscription",
        paragraphs=(
            f"Somebody, probably you, asked for the status updates of {page} at this address.",
            "Confirm it, and we write when something breaks, changes or is fixed. Until then you get nothing.",
            f"The link works until {_day(until)}.",
        ),
        buttons=(Button("Confirm your subscription", address),),
        footer=("If it was not you, leave this letter as it is: we forget the address after a week.",),
    )


def already_subscribed(*, page: str, address: str, language: str) -> Letter:
    """To a subscriber whose address was given once more."""
    return Letter(
        subject=f"[{page}] You are subscribed already",
        paragraphs=(
            f"Somebody, probably you, asked for the status updates of {page} at this address. It gets them already.",
            "With this link you choose what you hear of, or end it.",
        ),
        buttons=(Button("Change or end your subscription", address),),
        footer=("If it was not you, leave this letter as it is: nothing has changed.",),
    )


def welcome(*, page: str, address: str, names: list[str] | None, maintenance: bool, language: str) -> Letter:
    """To a new subscriber: what will come, and the link that ends it."""
    what = "everything on the status page" if names is None else ", ".join(names)
    works = "You also hear of maintenance." if maintenance else "You do not hear of maintenance."
    return Letter(
        subject=f"[{page}] You are subscribed",
        paragraphs=(
            f"From now on we write to you about {what}. {works}",
            "Keep this letter: with its link you change that.",
        ),
        buttons=(Button("Change or end your subscription", address),),
        footer=(f"You get this because you confirmed your subscription to the status updates of {page}.",),
    )


def _day(moment: datetime) -> str:
    """``26 Nov 2026, 02:14 UTC``."""
    here = moment.astimezone(UTC)
    return f"{here.day} {here:%b %Y, %H:%M} UTC"
