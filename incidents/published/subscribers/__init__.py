"""Who asked to be told by the status page: by e-mail or by webhook, of everything or of chosen components.

``sign_up``, ``sign_up_webhook``, ``offer_webhook``, ``add``, ``confirm``, ``change``, ``leave`` and ``erase`` are the only ways in and out. None
commits.
"""

from __future__ import annotations

from .choosing import EVERYTHING, Choice, check_choice, components_to_choose
from .erasing import erase, erase_address, forget_the_unconfirmed
from .finding import by_token, counts, find, find_email, find_url, wanted
from .importing import Imported, add_many
from .invitations import LIFETIME, Invitation, invitation
from .letters import Letters
from .lifting import lift_quarantine
from .limits import admit_form
from .model import (
    EMAIL,
    STANDARD,
    STATUSPAGE,
    WEBHOOK,
    Subscriber,
    SubscriberComponent,
    fresh_token,
)
from .places import own_address, page_address
from .signing_up import add, change, confirm, leave, sign_up
from .webhooks import SHAPES, clean_url, fresh_secret, offer_webhook, send_test, sign_up_webhook

__all__ = [
    "EMAIL",
    "EVERYTHING",
    "LIFETIME",
    "SHAPES",
    "STANDARD",
    "STATUSPAGE",
    "WEBHOOK",
    "Choice",
    "Imported",
    "Invitation",
    "Letters",
    "Subscriber",
    "SubscriberComponent",
    "add",
    "add_many",
    "admit_form",
    "by_token",
    "change",
    "check_choice",
    "clean_url",
    "components_to_choose",
    "confirm",
    "counts",
    "erase",
    "erase_address",
    "find",
    "find_email",
    "find_url",
    "forget_the_unconfirmed",
    "fresh_secret",
    "fresh_token",
    "invitation",
    "leave",
    "lift_quarantine",
    "offer_webhook",
    "own_address",
    "page_address",
    "send_test",
    "sign_up",
    "sign_up_webhook",
    "wanted",
]
