"""Our web workers exactly as ``sevenbells web`` starts them, with one more address in Flask's place: ``/slow``."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from incidents.cli import surroundings, web
from incidents.kernel import settings as settings_module

SLOW_FOR = 3.0  # seconds


def load(_target: str) -> Any:
    """The application behind its front door; what is let in to ``/slow`` takes three seconds of a thread."""
    import statuspage
    import wsgi

    settings = settings_module.load()
    surroundings.forget_environment()
    app = wsgi.create_app(settings)

    def with_slow(environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/slow":
            return app.wsgi_app(environ, start_response)
        time.sleep(SLOW_FOR)
        start_response("200 OK", [("Content-Length", "5"), ("Content-Type", "text/plain")])
        return [b"slow\n"]

    return statuspage.front(app, settings, with_slow)


if __name__ == "__main__":
    web._serve(settings_module.load(), load)
