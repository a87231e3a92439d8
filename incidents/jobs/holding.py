"""A clock's part in the lease on the chores: it asks for it, keeps it, and knows whether it may act."""

from __future__ import annotations

import structlog
from flask import g

from ..kernel import leases
from ..kernel.leases import Held

NAME = "chores"

log = structlog.get_logger(__name__)


class Holding:
    """One clock's. Of any number of clocks one holds it, and does what need not be done by all."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._held: Held | None = None

    @property
    def held(self) -> Held | None:
        """The lease while this clock may act on it."""
        held = self._held
        return held if held is not None and held.is_ours else None

    def keep(self) -> None:
        """Renew it, or ask for it where this clock has none."""
        before = self.held
        self._held = leases.renew(before) if before else leases.take(NAME, holder=self.worker)
        if before is None and self._held is not None:
            log.info("chores_taken_up", term=self._held.term)
        elif before is not None and self._held is None:
            log.warning("chores_lost", term=before.term)

    def give_back(self) -> None:
        """Let the next clock have it at once."""
        held, self._held = self.held, None
        if held is not None:
            leases.give_back(held)


def act_under(held: Held) -> None:
    """What this application context writes, it writes as the holder: see ``confirm``."""
    g.lease = held


def confirm() -> None:
    """Before a chore commits: raise LeaseLost where another clock has taken the chores. By hand nobody asks."""
    held: Held | None = g.get("lease")
    if held is not None:
        leases.confirm(held)
