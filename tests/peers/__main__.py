"""``python -m tests.peers [name …]``: fetch the peers, run them against a live page, say what each of them read."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.peers import calendars, feeds, fetching, hostile, webhooks
from tests.peers.comparing import must_be
from tests.peers.live import Live, live_page
from tests.peers.pages import html_validate, lighthouse

_PROGRAMS = Path(__file__).with_name("programs")
_INCIDENT_STATUSES = {"investigating", "identified", "monitoring", "resolved", "postmortem"}
_WORK_STATUSES = {"scheduled", "in_progress", "verifying", "completed"}


def statuspage_io(live: Live, folder: Path) -> Iterator[str]:
    """npm ``statuspage.io``: the typed client of the public JSON."""
    home = fetching.node_modules(folder, "statuspage.io")
    program = home / "read.cjs"
    program.write_text((_PROGRAMS / "statuspage_io.cjs").read_text())
    read: Any = json.loads(fetching.answer_of(["node", str(program)], cwd=home, environ={"ADDRESS": live.address}))
    page, summary = live.page, read["summary"]
    must_be(_names(summary["incidents"]), page.open_incidents, "open in the summary")
    must_be(_names(read["unresolved"]["incidents"]), page.open_incidents, "unresolved")
    must_be(_names(read["incidents"]["incidents"]), {**page.open_incidents, **page.past_incidents}, "incidents")
    assert page.components.items() <= _names(read["components"]["components"]).items()
    must_be(_names(summary["scheduled_maintenances"]), page.works, "maintenances in the summary")
    assert {each["status"] for each in read["incidents"]["incidents"]} <= _INCIDENT_STATUSES
    assert {each["status"] for each in summary["scheduled_maintenances"]} <= _WORK_STATUSES
    must_be(read["status"]["status"]["indicator"], "critical", "indicator")
    yield f"{len(read['incidents']['incidents'])} incidents, {len(page.works)} maintenances, statuses within its types"


def exporter(live: Live, folder: Path) -> Iterator[str]:
    """PyPI ``statuspage-prometheus-exporter``: once, into a file that Prometheus's own parser reads."""
    python = fetching.python_with(folder, ["statuspage-prometheus-exporter"])
    services = folder / "services.json"
    services.write_text(json.dumps({"ours": {"name": "ours", "url": f"{live.address}/api/v2/summary.json"}}))
    metrics = folder / "metrics.prom"
    environ = {"SERVICES_JSON_PATH": str(services), "METRICS_TEXTFILE_PATH": str(metrics), "RUN_MODE": "once"}
    fetching.answer_of([str(python.with_name("statuspage-prometheus-exporter"))], cwd=folder, environ=environ)
    found = list(text_string_to_metric_families(metrics.read_text()))
    samples = [sample for family in found for sample in family.samples]

    def labels(name: str, key: str, value: str) -> dict[str, str]:
        return {each.labels[key]: each.labels[value] for each in samples if each.name == name}

    incidents = labels("statuspage_incident_info", "incident_id", "incident_name")
    must_be(incidents, _cut(live.page.open_incidents), "incident labels")
    works = labels("statuspage_maintenance_info", "maintenance_id", "maintenance_name")
    must_be(works, _cut(live.page.works), "maintenance labels")
    links = labels("statuspage_incident_info", "incident_id", "shortlink")
    must_be(links, {one: f"{live.address}/incidents/{one}" for one in links}, "links")
    states = {
        each.labels["component_name"]: each.value for each in samples if each.name == "statuspage_component_status"
    }
    must_be(states.get(hostile.COMPONENT), 0, "the broken component")
    yield f"{len(samples)} samples; incident and maintenance labels equal to the page's titles"


def statuspageio(live: Live, folder: Path) -> Iterator[str]:
    """PyPI ``statuspageio`` of 2016: writes through the manage API, with ``.json`` addresses and an OAuth key."""
    old = (["setuptools<58", "wheel"], ["--no-build-isolation", "statuspageio"])  # it asks for 2to3
    python = fetching.python_with(folder, *old)
    environ = {
        "ADDRESS": live.address,
        "PAGE": live.page_id,
        "TOKEN": live.token,
        "TITLE": hostile.TITLES[0],
        "BODY": hostile.BODY,
    }
    seen: Any = json.loads(
        fetching.answer_of([str(python), str(_PROGRAMS / "old_client.py")], cwd=folder, environ=environ)
    )
    body = hostile.BODY.replace("\r\n", "\n")
    wanted = {
        "component": "partial_outage",
        "read_back": [hostile.TITLES[0], "major", body],
        "unresolved": True,
        "after": ["resolved", ["resolved", "investigating"]],
        "listed": True,
        "work": ["scheduled", "2099-05-07T03:00:00.000Z", True],
        "called_off": 200,
        "subscribers": ["ada@example.com"],
        "unsubscribed": 200,
        "hook": "webhook",
        "refused": "ResourceError 422",
        "missing": "RequestError 404",
        "withdrawn": 200,
        "put_away": 204,
        "stranger": "RequestError 401",
    }
    must_be({name: seen[name] for name in wanted}, wanted, "what the client saw")
    assert "Made by an old script" in seen["components"]
    yield f"{len(seen)} things done and read back, refusals raised as its own errors"


def atlassian_statuspage(live: Live, folder: Path) -> Iterator[str]:
    """PyPI ``atlassian-statuspage``: generated from Statuspage's own description of the manage API, and strict about words."""
    python = fetching.python_with(folder, ["atlassian-statuspage"])
    environ = {
        "ADDRESS": live.address,
        "PAGE": live.page_id,
        "TOKEN": live.token,
        "TITLE": hostile.TITLES[3],
        "BODY": hostile.BODY,
    }
    program = str(_PROGRAMS / "strict_client.py")
    seen: Any = json.loads(fetching.answer_of([str(python), program], cwd=folder, environ=environ))
    made = seen.pop("made")
    wanted = {
        "page": True,
        "zone": "Europe/Berlin",
        "component": ["major_outage", True, "2026-01-02", True],
        "group": ["Theirs", f"['{made}']"],  # a list; its model takes it for a text
        "incident": ["identified", "Mended.", "resolved", True],
        "found": True,
        "listed": ["in_progress", "investigating", "scheduled"],
        "refused": 422,
        "missing": 404,
        "postmortem": ["Why.", "Why.", True, None],
        "subscribers": [True, True, True, True],
        "template": ["Theirs", True],
    }
    must_be(seen, wanted, "what the client saw")
    yield f"{len(seen)} things done through its models, which refuse words they do not know"


def feedparser(live: Live, folder: Path) -> Iterator[str]:
    """PyPI ``feedparser``: well-formed by its own word, titles as they are."""
    for path in feeds.FEEDS:
        yield feeds.check_with_feedparser(path, *live.get(path), live.page)


def atoma(live: Live, folder: Path) -> Iterator[str]:
    """PyPI ``atoma``: a strict reader, which refuses what lacks an element that its standard asks for."""
    python = fetching.python_with(folder, ["atoma"])
    program = _PROGRAMS / "strict_feeds.py"
    read: Any = json.loads(
        fetching.answer_of([str(python), str(program)], cwd=folder, environ={"ADDRESS": live.address})
    )
    titles = sorted([*live.page.open_incidents.values(), *live.page.past_incidents.values()])
    for path, found in read.items():
        missing = [title for title in titles if title not in found]
        assert missing == [], f"{path} lacks {missing}"
        yield f"{path}: {len(found)} entries by the standard"


def icalendar(live: Live, folder: Path) -> Iterator[str]:
    """PyPI ``icalendar``: each event, and nothing that a text smuggled in."""
    yield calendars.check_with_icalendar(live.get("/maintenance.ics")[1], live.page)


def ical_js(live: Live, folder: Path) -> Iterator[str]:
    """npm ``ical.js``: the same events at the same instants as icalendar reads."""
    home = fetching.node_modules(folder, "ical.js")
    program = home / "read.mjs"
    program.write_text((_PROGRAMS / "ical.mjs").read_text())
    read: Any = json.loads(fetching.answer_of(["node", str(program)], cwd=home, environ={"ADDRESS": live.address}))
    ours = calendars.events_of(live.get("/maintenance.ics")[1])
    found = {each["url"].rpartition("/")[2]: each for each in read}
    must_be({one: each["summary"] for one, each in found.items()}, live.page.works, "events")
    starts = {one: f"{event['DTSTART'].dt:%Y-%m-%dT%H:%M:%S}.000Z" for one, event in ours.items()}
    must_be({one: each["start"] for one, each in found.items()}, starts, "beginnings")
    yield f"{len(found)} events at the instants that icalendar reads"


def standardwebhooks(live: Live, folder: Path) -> Iterator[str]:
    """npm ``standardwebhooks``: verifies what a subscriber of the live page gets."""
    yield webhooks.check_with_standardwebhooks(live, fetching.node_modules(folder, "standardwebhooks"))


PEERS: Mapping[str, Callable[[Live, Path], Iterator[str]]] = {
    peer.__name__: peer
    for peer in (
        statuspage_io,
        exporter,
        feedparser,
        atoma,
        icalendar,
        ical_js,
        html_validate,
        lighthouse,
        statuspageio,
        atlassian_statuspage,
        standardwebhooks,
    )  # who writes comes last
}


def _cut(titles: Mapping[str, str]) -> dict[str, str]:
    """The exporter keeps a hundred characters of each."""
    return {one: title[:100] for one, title in titles.items()}


def _names(shapes: list[Any]) -> dict[str, str]:
    return {each["id"]: each["name"] for each in shapes}


def main(words: list[str]) -> int:
    """Run the peers named, or all of them; 1 where one of them could not read the page, or could not be had."""
    unknown = [word for word in words if word not in PEERS]
    if unknown:
        sys.stderr.write(f"peers: there is no {unknown[0]!r}; choose of {', '.join(PEERS)}\n")
        return 2
    failed = 0
    with tempfile.TemporaryDirectory() as name, live_page(Path(name)) as live:
        for peer in [each for each in PEERS if not words or each in words]:
            failed += not _met(peer, live, Path(name) / peer)
    sys.stdout.write(f"{len(words or PEERS) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


def _met(name: str, live: Live, folder: Path) -> bool:
    try:
        for said in PEERS[name](live, folder):
            sys.stdout.write(f"{name}: {said}\n")
    except fetching.CannotBeHad as why:
        sys.stdout.write(f"{name}: CANNOT BE HAD: {why}\n")
        return False
    except AssertionError as wrong:
        sys.stdout.write(f"{name}: FAILED: {wrong}\n")
        return False
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
