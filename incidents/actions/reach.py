"""How a person is reached: which addresses, in which order, for what is urgent and what is not."""

from __future__ import annotations

from collections.abc import Sequence

from ..records.addresses import ContactAddress, addresses_of
from ..records.people import Person


def addresses(person: Person) -> Sequence[ContactAddress]:
    """What the person added besides the account's own e-mail address."""
    return addresses_of(person.id)
