"""What a mail server means that will not take a recipient: no such mailbox, or no to this letter."""

from __future__ import annotations

import re
from typing import Final

_ENHANCED: Final = re.compile(r"\b\d{3} 5\.(\d{1,3}\.\d{1,3})\b")
_NO_MAILBOX: Final = frozenset(("1.1", "1.2", "1.3", "1.6", "1.10", "2.1"))  # RFC 3463
_ANY_ADDRESS: Final = re.compile(r"\S*@\S*")  # its own words say nothing: spam@, relay@
_WHOM = r"(?:user|recipient|mailbox|account)"
_NAMES_THE_MAILBOX: Final = re.compile(
    rf"no such (?:{_WHOM}|address|person|box|local)\b|\bno (?:\w+ )?mailbox\b|\bnobody here by that name\b"
    rf"|\b(?:unknown|invalid|non-?existent) (?:local |virtual )?{_WHOM}\b"
    rf"|\b{_WHOM}(?: \S+)?:? (?:is )?(?:unknown|not found|not known|no longer exists)\b"
    rf"|\b(?:{_WHOM}|address)(?: \S+)?:? (?:does not|doesn't|did not|doesnt) exist\b"
    r"|\bmailbox (?:is )?(?:unavailable|disabled|invalid)\b"
)
_MAY_BE_OURS: Final = re.compile(
    r"relay|polic|sender|authenti|password|credential|log.?in\b|spam|junk|abus|block|black|listed|dnsbl|\brbl\b|reputation"
    r"|denied|permi[ts]|prohibit|\bnot allowed|\bbanned|\bspf\b|dkim|dmarc|\bclient\b|\bhelo\b|quota|\bfull\b|\brate\b"
)


def is_gone(code: int, words: str) -> bool:
    """No such mailbox, so that nothing should be sent there any more; False may be our own setting, a policy, a full box.

    Servers without the enhanced code say 550 to both, so only their words can tell; in doubt nobody is silenced.
    """
    enhanced = _ENHANCED.search(words)
    if enhanced:
        return enhanced[1] in _NO_MAILBOX
    said = " ".join(_ANY_ADDRESS.sub(" ", words.lower()).split())
    return code in (550, 551, 553) and bool(_NAMES_THE_MAILBOX.search(said)) and not _MAY_BE_OURS.search(said)
