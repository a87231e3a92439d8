"""A webhook that is given up: its owner learns it by e-mail, once."""

from __future__ import annotations

from flask import current_app

from ..channels import Outcome
from ..kernel import outbox
from ..kernel.database import db, writing
from ..kernel.outbox import Claim
from ..kernel.settings import Settings
from ..messages import about_deliveries
from ..records.people import Person


def tell_owner(claimed: Claim, outcome: Outcome | None) -> None:
    """Write to whoever the webhook belongs to; the same trouble is told once."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    with writing():
        db.session.rollback()
        owner = db.session.get(Person, claimed.person_id) if claimed.person_id is not None else None
        if owner is not None and owner.is_active:
            letter = about_deliveries.webhook_disabled(
                reason=outcome.reason if outcome else "", base_url=settings.base_url, was_gone=_was_gone(outcome)
            )
            since = claimed.failing_since.isoformat() if claimed.failing_since else claimed.key
            outbox.enqueue(
                event=f"disabled/{claimed.channel}/{claimed.destination}/{since}"[:200],
                channel="email",
                destination=owner.email,
                payload=letter.payload(owner.email),
                person_id=owner.id,
            )
        db.session.commit()


def _was_gone(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.kind == "gone"
