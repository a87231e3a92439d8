"""What time does about action items: reminders, the week's digest, and the addresses of issues that were made."""

from __future__ import annotations

from ..actions import action_item_reminders, issues, weekly_digest
from ..kernel.database import db, reading


def remind_owners_of_action_items() -> None:
    """Whoever owes one is told in the morning, until it is done: looked for without a lock, then incident by incident."""
    with reading():
        db.session.rollback()
        due = action_item_reminders.due_incidents()
        db.session.rollback()
    for incident_id in due:
        action_item_reminders.remind(incident_id)
        db.session.commit()


def write_the_weeks_digest() -> None:
    """On Monday at nine in the page's zone, once."""
    weekly_digest.write()
    db.session.commit()


def take_over_issues() -> None:
    """What the tracker answered comes back to the item: as soon as it did, and here for what it did before a crash."""
    issues.take_over_links()
    db.session.commit()
