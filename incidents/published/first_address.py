"""The address under which the page first told something: the ids of entries in feeds and calendars keep it for good.

An id is what a reader knows an entry by (RFC 4287, 4.2.6; RFC 4151 for its form): where it moved with the domain, every old
incident would come as a new one.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import exists, select, update

from ..kernel.database import db
from .incidents import PublishedIncident
from .maintenances import Maintenance
from .revision import THE_ROW, PageRevision, bump
from .subscribers import page_address


def keep_first_address() -> bool:
    """Write it down once something is public under a name of the domain system; whether it was. The caller commits.

    On a trial's address nobody follows the page yet, and ids are made of whatever it is.
    """
    address = page_address("")
    none_yet = (PageRevision.id == THE_ROW, PageRevision.first_address.is_(None))
    if (
        not _is_a_name(urlsplit(address).hostname or "")
        or db.session.scalar(select(PageRevision.id).where(*none_yet)) is None
    ):
        return False
    if not db.session.scalar(select(exists().select_from(PublishedIncident) | exists().select_from(Maintenance))):
        return False
    written = update(PageRevision).where(*none_yet).values(first_address=address)
    db.session.execute(written, execution_options={"synchronize_session": False})
    bump()  # the renewers read it; nothing that they draw changes
    return True


def _is_a_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host.strip(".")
    return False
