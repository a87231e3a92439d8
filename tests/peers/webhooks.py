"""A subscriber's receiver: it takes what our clock sends, and hands it to a library that verifies the signatures."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.peers import fetching
from tests.peers.comparing import must_be
from tests.peers.hostile import BODY, TITLES
from tests.peers.live import Live
from tests.receivers import Receiver, receiving

_PROGRAM = Path(__file__).parent / "programs" / "verify.cjs"


def check_with_standardwebhooks(live: Live, home: Path) -> str:
    """Raise AssertionError unless each request verifies, a forged one does not, and the incident stands in its shape."""
    program = home / "verify.cjs"
    program.write_text(_PROGRAM.read_text())
    live.run_clock()  # what was told before is not for whoever comes now
    with receiving() as receiver:
        secret = _made(live, "subscribers", {"subscriber": {"endpoint": f"{receiver.url}/status"}})["secret"]
        told = _made(live, "incidents", {"incident": {"name": TITLES[1], "body": BODY, "impact_override": "major"}})
        live.run_clock()
        got = _lines(receiver)
    said = fetching.answer_of(["node", str(program)], cwd=home, environ={"SECRET": secret}, typed=got)
    read: Any = json.loads(said)
    must_be([each["isForgerySeen"] for each in read], [True] * len(read), "forgeries seen")
    told_of = [each["payload"]["incident"] for each in read if "incident" in each["payload"]]
    must_be([(each["id"], each["name"]) for each in told_of], [(told["id"], told["name"])], "incidents told of")
    return f"{len(read)} requests verified, each refused once a byte was changed"


def _made(live: Live, what: str, body: Any) -> Any:
    """Made through the manage API."""
    request = urllib.request.Request(
        f"{live.address}/v1/pages/{live.page_id}/{what}.json",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"OAuth {live.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def _lines(receiver: Receiver) -> str:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return "\n".join(
        json.dumps({"headers": {name: asked.headers[name] for name in names}, "body": asked.body.decode()})
        for asked in receiver.asked
    )
