"""Whether Sevenbells itself keeps watch: the banner that says above every page that nobody would be reminded."""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel import findings, health
from ..kernel.findings import Kept

_UNTIL_THEN = "Until then nobody is paged or reminded: keep an eye on your open incidents, and call people yourself."


@dataclass(frozen=True)
class Trouble:
    """What to say above every page; nothing while all is well. Where it is not serious others do the work."""

    title: str
    text: str
    is_serious: bool = True


def trouble() -> Trouble | None:
    """The clock that nobody hears, else what the last self-audit found, else that there was none for a while."""
    heard = health.check_clock()
    if heard.status == "fail":
        return Trouble(_sentence(heard.output), f"Start `sevenbells clock` again on the server. {_UNTIL_THEN}")
    found = sorted(findings.standing(), key=lambda kept: not kept.fault.is_serious)
    if found:
        return _told(found)
    if heard.status == "pass" and findings.is_stale():
        return Trouble("Nobody checks that the clock does its work.", "Look at the log of `sevenbells clock`.")
    return None


def _told(found: list[Kept]) -> Trouble:
    """One sentence for the first of them; the others are on /health/ready."""
    first = found[0]
    more = f" {len(found) - 1} more: see /health/ready." if len(found) > 1 else ""
    text = f"Since {first.found_at:%H:%M} UTC. {first.fault.advice}{more}"
    return Trouble(_sentence(first.fault.sentence), text, first.fault.is_serious)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
