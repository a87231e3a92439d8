"""The fake at the way out: it remembers what was sent, and fails as it is told."""

from __future__ import annotations

import pytest

from incidents import channels
from incidents.channels import SENT, Message, Outcome
from incidents.kernel.database import db
from incidents.kernel.settings import Settings


class Outgoing:
    """Stands for every channel. ``outcome`` is what the next messages meet; ``for_destination`` says it of one."""

    def __init__(self) -> None:
        self.tried: list[Message] = []
        self.sent: list[Message] = []
        self.outcome: Outcome = SENT
        self.for_destination: dict[str, Outcome | Exception] = {}

    def send(self, message: Message, settings: Settings) -> Outcome:
        assert not db.session.registry.has() or not db.session().in_transaction(), "a transaction is open while sending"
        self.tried.append(message)
        outcome = self.for_destination.get(message.destination, self.outcome)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome.kind == "sent":
            self.sent.append(message)
        return outcome

    @property
    def subjects(self) -> list[str]:
        return [str(message.payload["subject"]) for message in self.sent]

    @property
    def destinations(self) -> list[str]:
        return [message.destination for message in self.sent]

    def clear(self) -> None:
        self.tried.clear()
        self.sent.clear()


@pytest.fixture
def outgoing(monkeypatch: pytest.MonkeyPatch) -> Outgoing:
    """Everything that would leave ends here; the way out counts as open."""
    fake = Outgoing()
    monkeypatch.setattr(channels, "send", fake.send)
    monkeypatch.setattr(channels, "why_closed", lambda channel, settings: None)
    return fake


def run_due_jobs() -> None:
    """What the clock would do now: strike, then send. The test's own transaction is committed first."""
    from incidents.jobs import bells, deliveries

    db.session.commit()
    while bells.strike_due_bells(bells.BATCH):
        pass
    deliveries.send_due_messages()
