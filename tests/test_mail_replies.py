"""What a refused recipient means."""

from __future__ import annotations

import pytest

from incidents.channels.mail_replies import is_gone

NO_MAILBOX = """550 no such user
550 No such user here
550 User unknown
550 <gone@example.com>: Recipient address rejected: User unknown in local recipient table
550 User <spam@example.com> unknown
550 Unknown user
550 unknown recipient
551 mailbox not found
550 Requested action not taken: mailbox unavailable
550 The recipient's mailbox does not exist
550 sorry, no mailbox here by that name
553 no such mailbox
550 5.1.1 blocked, for once with its code
"""
MAY_BE_OURS = """550 relay denied
550 relaying denied for unknown user
550 Relay not permitted
550 we do not relay
550 Sender address rejected: user unknown
550 mailbox unavailable Sender address is not allowed.
550 mailbox unavailable, reject due to policy restrictions
550 Authentication required
550 unknown user name or password
550 this looks like spam
550 Blocked, see the blacklist
551 User not local
553 sorry, that domain isn't in my list of allowed rcpthosts
550 no
554 no such user
550 5.7.1 no such user
"""


@pytest.mark.parametrize(
    ("reply", "gone"),
    [*((said, True) for said in NO_MAILBOX.splitlines()), *((said, False) for said in MAY_BE_OURS.splitlines())],
)
def test_an_address_is_gone_only_where_the_server_names_its_mailbox(reply: str, gone: bool) -> None:
    assert is_gone(int(reply[:3]), f"The mail server said: {reply}") is gone
