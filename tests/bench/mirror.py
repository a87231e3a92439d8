"""What a mirror costs: whole, for a publication, for a minute of an open incident, and with a long history."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import statuspage
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.published import publishing
from statuspage.mirror import Mirror, Round
from tests.bench import scratch
from tests.bench.figures import Figure, Result
from tests.bench.page import _add_history, _make_full_page


def measure() -> Iterator[Result]:
    """A page of 20 components in six languages, into a folder; seconds of CPU, since the disk is everybody's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with scratch.application(folder, database_url=f"sqlite:///{folder / 'bench.db'}") as app:
            _make_full_page()
            db.session.commit()
            settings = app.extensions["sevenbells.settings"]
            mirror = statuspage.mirror(app, settings, str(folder / "www"))
            whole, cpu = _round(mirror)
            yield Figure(
                f"A whole mirror ({whole.written} files, {whole.size / 1e6:.1f} MB): CPU", cpu, "s", 30, "at most"
            )
            publishing.rename(1, "Another title")
            db.session.commit()
            did, cpu = _round(mirror)
            yield Figure(f"A publication ({did.written} files written): CPU", cpu, "s", 3, "at most")
            real = clock.source
            clock.source = lambda: real() + timedelta(minutes=1)
            did, cpu = _round(mirror)
            yield Figure(f"A minute of an open incident ({did.written} files written): CPU", cpu, "s", 3, "at most")
            _add_history(folder)
            clock.source = lambda: real() + timedelta(minutes=2)
            began = time.process_time()
            mirror.bring_up_to_date()
            yield Figure(
                "The first round beside 10,000 new incidents: CPU", time.process_time() - began, "s", 5, "at most"
            )
            clock.source = real


def _round(mirror: Mirror) -> tuple[Round, float]:
    """Bring it up to date, to the end: what was done, and the seconds of CPU that it took."""
    began, did = time.process_time(), Round()
    while (one := mirror.bring_up_to_date()) is not None:
        did.written, did.size, did.removed = did.written + one.written, did.size + one.size, did.removed + one.removed
        if one.is_whole:
            break
    return did, time.process_time() - began
