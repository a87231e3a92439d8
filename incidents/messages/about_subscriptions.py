"""Letters to members of the public about their subscription: please confirm, welcome, you are on the list already."""

from __future__ import annotations

from ..kernel.languages import listed, say, speaking
from .letters import Button, Letter


def please_confirm(*, page: str, address: str, language: str) -> Letter:
    """To an address that somebody gave; nothing else is sent to it before its owner says yes."""
    with speaking(language):
        return Letter(
            subject=say("[{page}] Confirm your subscription", page=page),
            paragraphs=(
                say("Somebody, probably you, asked for the status updates of {page} at this address.", page=page),
                say("Confirm it, and we write when something breaks, changes or is fixed. Until then you get nothing."),
                say("The link works for three days."),
            ),
            buttons=(Button(say("Confirm your subscription"), address),),
            footer=(say("If it was not you, leave this letter as it is: we forget the address after a week."),),
            language=language,
        )


def already_subscribed(*, page: str, address: str, language: str) -> Letter:
    """To a subscriber whose address was given once more."""
    with speaking(language):
        return Letter(
            subject=say("[{page}] You are subscribed already", page=page),
            paragraphs=(
                say("Somebody, probably you, asked for the status updates of {page} at this address.", page=page),
                say("It gets them already. With this link you choose what you hear of, or end it."),
            ),
            buttons=(Button(say("Change or end your subscription"), address),),
            footer=(say("If it was not you, leave this letter as it is: nothing has changed."),),
            language=language,
        )


def welcome(*, page: str, address: str, names: list[str] | None, maintenance: bool, language: str) -> Letter:
    """To a new subscriber: what will come, and the link that ends it."""
    with speaking(language):
        what = (
            say("From now on we write to you about everything on the status page.")
            if names is None
            else say("From now on we write to you about {components}.", components=listed(names))
        )
        works = say("You also hear of maintenance.") if maintenance else say("You do not hear of maintenance.")
        return Letter(
            subject=say("[{page}] You are subscribed", page=page),
            paragraphs=(f"{what} {works}", say("Keep this letter: with its link you change that.")),
            buttons=(Button(say("Change or end your subscription"), address),),
            footer=(
                say("You get this because you confirmed your subscription to the status updates of {page}.", page=page),
            ),
            language=language,
        )


def trial(*, page: str, address: str, language: str) -> Letter:
    """To a subscriber, sent by hand: it says that nothing has happened."""
    with speaking(language):
        return Letter(
            subject=say("[{page}] A test", page=page),
            paragraphs=(
                say(
                    "This is a test. Nothing has happened, and letters from the status page of {page} reach you.",
                    page=page,
                ),
            ),
            buttons=(Button(say("Change or end your subscription"), address),),
            footer=(say("You get this because you subscribed to the status page of {page}.", page=page),),
            language=language,
        )
