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
        self.well_until: dict[str, float] = {}  # by the monotonic clock: which chores are known not to have failed
        self.is_leaving = False  # its clock ends: what is under way comes to a good end, and nothing more is begun
        self._held: Held | None = None

    @property
    def held(self) -> Held | None:
        """The lease while this clock may act on it."""
        held = self._held
        return held if held is not None and held.is_ours else None

    def keep(self) -> None:
        """Renew it, or ask for it where this clock has none."""
        before = self.held
        self._held = leases.renew(before) if before else None
        if before is not None and self._held is None:
            log.warning("chores_lost", term=before.term)
        if self._held is None:
            self._held = leases.take(NAME, holder=self.worker)
            if self._held is not None:
                log.info("chores_taken_up", term=self._held.term)

    def give_back(self) -> None:
        """Let the next clock have it at once."""
        held, self._held = self.held, None
        if held is not None:
            leases.give_back(held)


def act_under(held: Held, mine: Holding | None = None) -> None:
    """What this application context writes, it writes as the holder: see ``confirm``. ``mine`` renews it meanwhile."""
    g.lease, g.holding = held, mine


def confirm() -> None:
    """Before a chore commits: raise LeaseLost where another clock has taken the chores. By hand nobody asks."""
    held = _as_renewed()
    if held is not None:
        leases.confirm(held)


def may_still_act() -> bool:
    """Whether a chore that takes long may begin its next part, without asking the database."""
    mine: Holding | None = g.get("holding")
    if mine is not None and mine.is_leaving:
        return False
    held = _as_renewed()
    return held is None or held.is_ours


def term() -> int | None:
    """Which holder this is, counted from the first; None by hand."""
    held: Held | None = g.get("lease")
    return held.term if held is not None else None


def _as_renewed() -> Held | None:
    held: Held | None = g.get("lease")
    mine: Holding | None = g.get("holding")
    newest = mine.held if mine is not None else None
    return newest if held is not None and newest is not None and newest.term == held.term else held
