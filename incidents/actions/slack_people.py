"""Who somebody in Slack is here: matched by the e-mail that Slack knows, or linked once by a page that they open signed in.

A match is an address of the person's, kind Slack, so that it is seen and taken back under My notifications.
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ..access import slack_links
from ..access.slack_links import SlackLink
from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed, Refusal
from ..messages import about_addresses
from ..records.actors import CLOCK
from ..records.addresses import ContactAddress, addresses_of
from ..records.people import Person, find_person
from ..records.slack_users import SlackUser, slack_user, workspace
from ..reports.ways import EMAIL, SLACK
from . import addresses

_ID = re.compile(r"[A-Z0-9]{2,30}", re.ASCII)

OTHER_WORKSPACE: Final = "This Slack user is of another workspace."
NOBODY: Final = "Nobody here has this e-mail."
TAKEN_BACK: Final = "The link was taken back here, and is made again only by the person."
SOMEBODY_ELSES: Final = "Somebody else here has this member ID. Ask an admin if it is yours."


# ---- asked by the door ----


def is_our_workspace(team_id: str) -> bool:
    """Whether a request comes from the workspace in which the app is installed.

    Until the clock has first asked Slack which that is, every signed request counts: the secret is this app's alone.
    """
    ours = workspace()
    return ours is None or ours.team_id == team_id


def person_of(team_id: str, user_id: str) -> Person | None:
    """The one active person whose Slack user this is; where two claim it, or the workspace is another, it is nobody's.

    Who is not known is put down, in the caller's transaction, for the clock to ask Slack about: once an hour at most.
    """
    if not is_our_workspace(team_id):
        return None
    owners = _owners(user_id) if _ID.fullmatch(user_id) else []
    if not owners:
        _ask_about(team_id, user_id)
    return owners[0] if len(owners) == 1 else None


def is_shut_out(user: str) -> bool:
    """Whether this Slack user is somebody's whose account is disabled."""
    owners = (
        select(Person.id)
        .join(ContactAddress, ContactAddress.person_id == Person.id)
        .where(
            ContactAddress.kind == SLACK,
            ContactAddress.value == user,
            ContactAddress.removed_at.is_(None),
            Person.disabled_at.is_not(None),
        )
    )
    return db.session.scalar(owners.limit(1)) is not None


def link_for(team_id: str, user_id: str, base_url: str) -> str:
    """The address that makes this Slack user theirs who opens it signed in, for 15 minutes: to be shown to that user alone.

    Where these are no IDs of Slack's, it is the page on which one adds an address by hand.
    """
    try:
        return f"{base_url}/console/me/slack/{slack_links.write(team_id, user_id)}"
    except ValueError:
        return f"{base_url}/console/me/notifications"


def _owners(user_id: str) -> list[Person]:
    wanted = (
        select(Person)
        .join(ContactAddress, ContactAddress.person_id == Person.id)
        .where(
            ContactAddress.kind == SLACK,
            ContactAddress.value == user_id,
            ContactAddress.removed_at.is_(None),
            Person.disabled_at.is_(None),
        )
    )
    return list(db.session.scalars(wanted.distinct()))


def _ask_about(team_id: str, user_id: str) -> None:
    if not (_ID.fullmatch(team_id) and _ID.fullmatch(user_id)):
        return
    known = slack_user(team_id, user_id)
    if known is None:
        make = sqlite_insert if db.session.get_bind().dialect.name == "sqlite" else postgresql_insert
        row = {"team_id": team_id, "user_id": user_id, "name": "", "failures": 0, "outcome": "", "due_at": clock.now()}
        db.session.execute(make(SlackUser).values(row).on_conflict_do_nothing())
    elif known.is_to_be_asked_about():
        known.due_at = clock.now()


# ---- by e-mail ----


def match(team_id: str, user_id: str, email: str) -> str:
    """Make this Slack user the address of whoever has that e-mail here; answers why not, empty where it is done.

    Somebody who took a Slack address back is not given one again: they link it themselves if they want it. The person
    hears of it by e-mail.
    """
    person = find_person(email) if email else None
    if not is_our_workspace(team_id):
        return OTHER_WORKSPACE
    if person is None or not person.is_active:
        return NOBODY
    if _has(person, user_id):
        return ""
    if _took_one_back(person):
        return TAKEN_BACK
    try:
        addresses.add_address(person, kind=SLACK, value=user_id, by=CLOCK)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _has(person: Person, user_id: str) -> bool:
    return any(each.kind == SLACK and each.value == user_id for each in addresses_of(person.id))


def _took_one_back(person: Person) -> bool:
    removed = select(ContactAddress.id).where(
        ContactAddress.person_id == person.id, ContactAddress.kind == SLACK, ContactAddress.removed_at.is_not(None)
    )
    return db.session.scalar(removed.limit(1)) is not None


# ---- by the page ----


def why_not_linked(found: SlackLink, person: Person) -> str:
    """Why this Slack user cannot become that person's, in a sentence; empty where it can."""
    if not is_our_workspace(found.team_id):
        return OTHER_WORKSPACE
    if any(owner.id != person.id for owner in _owners(found.user_id)):
        return SOMEBODY_ELSES
    return ""


def is_linked(found: SlackLink, person: Person) -> bool:
    """Whether it is that person's already."""
    return _has(person, found.user_id)


def link(found: SlackLink, person: Person) -> None:
    """This Slack user is that person from now on, and an address of theirs, and they hear of it by e-mail; the second time changes nothing.

    Raises NotAllowed where the link has expired, the workspace is another, or the user is somebody else's.
    """
    if found.is_expired:
        raise NotAllowed("This link has expired. Ask for a new one in Slack.")
    why_not = why_not_linked(found, person)
    if why_not:
        raise NotAllowed(why_not)
    if is_linked(found, person):
        return
    try:
        address = addresses.add_address(person, kind=SLACK, value=found.user_id, by=person.as_actor())
    except Malformed as refusal:
        raise NotAllowed(refusal.sentence) from None
    _confirm(address, person, found)


def _confirm(address: ContactAddress, person: Person, found: SlackLink) -> None:
    known = slack_user(found.team_id, found.user_id)
    user = f"{known.name} ({found.user_id})" if known is not None and known.name else f"the user {found.user_id}"
    letter = about_addresses.slack_linked(user, address=addresses.my_notifications())
    outbox.enqueue(
        event=f"address/{address.id}/linked",
        channel=EMAIL,
        destination=person.email,
        payload=letter.payload(person.email),
        person_id=person.id,
    )
