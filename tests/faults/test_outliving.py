"""The page of real processes while their database is stopped, their workers are killed and the clock is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from incidents.kernel.database import db
from incidents.published import publishing
from tests.factories_published import make_update
from tests.faults.machines import Machine, Site, site, wait_until
from tests.faults.postgresql import Server, server


def ask(address: str) -> tuple[int, str]:
    """Status and text; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


class Readers(threading.Thread):
    """Ask for the page again and again; every answer that is not the page is kept."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address, self.over, self.answers, self.wrong = address, threading.Event(), 0, []  # type: ignore[var-annotated]

    def run(self) -> None:
        while not self.over.is_set():
            status, text = ask(f"{self.address}/")
            self.answers += 1
            if status != 200 or "<!DOCTYPE html>" not in text:
                self.wrong.append(status)
            time.sleep(0.002)


def test_the_page_stands_through_a_stopped_database_a_killed_worker_and_a_dead_clock(tmp_path: Path) -> None:
    with server() as postgresql, site(tmp_path, postgresql.url) as (here, _sink):
        with here.application():
            make_update(1, title="Before the night")
            old = publishing.find(1)
            assert old is not None
            db.session.commit()
        web = here.start("web", WEB_WORKERS="2")
        here.wait_for_webs()
        clock = here.start("clock")
        wait_until(lambda: ask(f"{web.address}/health/ready")[0] == 200, within=60, what="all is well")
        readers = [Readers(web.address) for _ in range(4)]
        for reader in readers:
            reader.start()

        clock.process.kill()
        clock.process.wait()
        _stop(here, postgresql)
        _kill_whoever_renews(web, readers)

        status, said = ask(f"{web.address}/health/ready")
        assert (status, ask(f"{web.address}/health/live")[0]) == (503, 200)
        assert "clock" in said or "database" in said
        assert "Before the night" in ask(f"{web.address}/")[1]
        late = here.start("web", DATA_DIR=str(tmp_path / "web0"), WEB_WORKERS="1")  # started while it is away
        wait_until(lambda: ask(f"{late.address}/")[0] == 200, within=60, what="a start without the database answers")
        assert "Before the night" in ask(f"{late.address}/")[1]
        assert json.loads(ask(f"{late.address}/api/v2/summary.json")[1])["incidents"][0]["name"] == "Before the night"

        postgresql.restart()  # with the address it had; one that is down it starts
        with here.application():
            make_update(1, title="After the night")
            db.session.commit()
        for machine in (web, late):
            address = machine.address
            wait_until(lambda at=address: "After the night" in ask(f"{at}/")[1], within=20, what="it is back")  # type: ignore[misc]
        for reader in readers:
            reader.over.set()
            reader.join()
        assert sum(reader.answers for reader in readers) > 200
        assert [status for reader in readers for status in reader.wrong if status] == []
        here.machines.remove(clock)
        here.stop()


def _stop(here: Site, postgresql: Server) -> None:
    with here.application():
        db.session.remove()
        db.engine.dispose()
    postgresql.stop()


def _kill_whoever_renews(web: Machine, readers: list[Readers]) -> None:
    """Either worker, outright, under load: the other one serves, and a new one comes."""
    told = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(web.process.pid)], capture_output=True, text=True, check=True
    )
    workers = [int(line) for line in told.stdout.split()]
    before = sum(reader.answers for reader in readers)
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: sum(reader.answers for reader in readers) > before + 100, within=60, what="readers are answered")
