"""What Apprise knows: text messages, push and chat. Its connections are made by ours, or not at all.

Apprise and its services are loaded when the first message goes there: they cost a third of a second and no one else
needs them.
"""

from __future__ import annotations

import logging
import threading
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from ..kernel import http
from ..kernel.apprise_schemes import is_text_message, why_not
from ..kernel.settings import Settings
from . import SENT, Message, Outcome
from .answers import of_status, of_trouble

if TYPE_CHECKING:
    from ..kernel.http.errands import Errand

_loading = threading.Lock()
_UNKNOWN = "Apprise cannot read this address"


def send(message: Message, settings: Settings) -> Outcome:
    """Notify one address. Facts: ``url``, ``is_trusted`` (it stands in the environment).

    Payload: ``title``, ``body``, ``type`` (info, success, warning or failure) and ``short`` for text messages.
    """
    url, is_trusted = str(message.facts["url"]), bool(message.facts.get("is_trusted"))
    closed = None if is_trusted else why_not(url)
    if closed:
        return Outcome("refused", closed.rstrip("."))
    from ..kernel.http import errands, foreign

    foreign.stand_before_requests()
    with errands.errand(settings, is_trusted=is_trusted, patience=message.patience) as errand:
        try:
            was_taken = _notify(url, message.payload)
        except http.Blocked as blocked:
            return of_trouble(blocked)
        except Exception as broken:  # noqa: BLE001 - each of a hundred services has its own; the message says which
            return Outcome("failed", f"Apprise broke: {type(broken).__name__}")
    if was_taken is None:
        return Outcome("refused", _UNKNOWN)
    return SENT if was_taken else _why(errand)


def service_of(url: str) -> Any:
    """Apprise's own object for an address, or None where it cannot read it; nothing is sent."""
    import apprise

    return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)


def _notify(url: str, payload: Any) -> bool | None:
    """Whether the service took it; None where the address cannot be read."""
    import apprise

    service = service_of(url)
    if service is None or len(getattr(service, "template", None) or ()):
        return None
    is_short = is_text_message(url)
    return bool(
        service.notify(
            title="" if is_short else str(payload["title"]),
            body=str(payload["short"] if is_short else payload["body"]),
            notify_type=apprise.NotifyType(payload.get("type", "warning")),
            body_format=apprise.NotifyFormat.TEXT,
            attach=None,
        )
    )


@cache
def _asset() -> Any:
    """No services from elsewhere, nothing kept on disk, and nothing of what was sent in the log."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), _loading:
        warnings.simplefilter("ignore")  # its services use what Python will drop one day
        apprise.NotificationManager().load_modules()  # type: ignore[no-untyped-call]
    return apprise.AppriseAsset(
        app_id="Sevenbells",
        app_desc="Sevenbells",
        app_url="",
        plugin_paths=[],
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        async_mode=False,
        secure_logging=True,
    )


def _why(errand: Errand) -> Outcome:
    """What our connection saw; Apprise itself only says no."""
    if errand.trouble is not None:
        return of_trouble(errand.trouble)
    if errand.answer is not None:
        outcome = of_status(errand.answer, whose="The service")
        # such an answer speaks of one message, and not of the address
        return Outcome("failed", outcome.reason, outcome.retry_after)
    return Outcome("failed", "The service did not take the message")
