"""The page is to be had in each language, at an address of its own, and nothing else makes it vary."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from incidents.kernel.database import db
from incidents.kernel.languages import LANGUAGES
from incidents.published.page_settings import change_page_settings
from statuspage import renewer as renewer_module
from statuspage import words
from statuspage.frontdoor import FrontDoor
from statuspage.prepared import CACHE_CONTROL
from statuspage.renewer import Renewer
from tests.doors import Silence, no_flask, silence
from tests.factories_published import DEGRADED, make_component, make_page, make_update
from tests.test_statuspage import drawn, text_of

__all__ = ["silence"]

OTHERS = [code for code in LANGUAGES if code != "en"]
# what is asked here does not depend on the database
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_page_reads_in_each_language(client: FlaskClient) -> None:
    api = make_component("API")
    make_component("Web")
    make_update(1, components={api.public_id: DEGRADED}, title="Uploads are slow")
    assert "Einige Systeme sind beeinträchtigt API ist für manche langsam oder fehlerhaft." in text_of(
        client, "/?lang=de"
    )
    assert "Certains systèmes sont dégradés" in text_of(client, "/?lang=fr")
    assert "Algunos sistemas funcionan peor de lo normal" in text_of(client, "/?lang=es")
    assert "Alguns sistemas estão degradados" in text_of(client, "/?lang=pt")
    assert "その他はすべて正常に稼働しています。" in text_of(client, "/?lang=ja")
    for code in OTHERS:
        assert "Uploads are slow" in text_of(client, f"/?lang={code}"), "what people wrote stays as it is"


def test_each_language_says_so_and_names_the_others(client: FlaskClient) -> None:
    db.session.commit()
    page = client.get("/history?lang=de")
    assert page.headers["Content-Language"] == "de"
    assert '<html lang="de">' in page.text
    base = "http://127.0.0.1:8000/history"
    assert f'<link rel="canonical" href="{base}?lang=de">' in page.text
    assert f'<link rel="alternate" hreflang="ja" href="{base}?lang=ja">' in page.text
    assert f'<link rel="alternate" hreflang="en" href="{base}">' in page.text
    assert f'<link rel="alternate" hreflang="x-default" href="{base}">' in page.text
    assert '<a hreflang="ja" href="/history?lang=ja" lang="ja">日本語</a>' in page.text
    assert '<span lang="de" aria-current="true">Deutsch</span>' in page.text


def test_nothing_but_the_address_and_the_encoding_varies_the_bytes(client: FlaskClient) -> None:
    make_page()
    db.session.commit()
    plain = client.get("/")
    for query in ("?lang=xx", "?lang=", "?lang=en", "?language=de", "?lang=de<script>", "?utm=1"):
        assert client.get(f"/{query}").data == plain.data, query
    asked = client.get("/", headers={"Accept-Language": "de"})
    assert asked.data == plain.data
    assert asked.headers["Vary"] == "Accept-Encoding"
    german = client.get("/?lang=de")
    assert german.data != plain.data
    assert german.data == client.get("/?utm=1&lang=DE-at&x=2").data
    assert german.headers["ETag"] != plain.headers["ETag"]
    assert client.get("/?lang=de", headers={"If-None-Match": german.headers["ETag"]}).status_code == 304
    assert "Set-Cookie" not in german.headers


def test_links_lead_on_in_the_same_language_and_feeds_stay_in_english(client: FlaskClient) -> None:
    api = make_component("API")
    make_update(1, components={api.public_id: DEGRADED}, body='See <a href="/history">this</a> href="/history"')
    db.session.commit()
    page = client.get("/?lang=de").text
    inside = set(re.findall(r'<a (?:[^>]* )?href="(/[^"]*)"', page.partition('class="tongues"')[0]))
    assert all(
        link.partition("#")[0].endswith("?lang=de") or re.search(r"/api/|\.(?:atom|rss|ics)$", link) for link in inside
    ), inside
    assert {"/?lang=de", "/history?lang=de", "/history.atom"} <= inside
    assert client.get("/history.atom?lang=de").data == client.get("/history.atom").data
    assert client.get("/api/v2/summary.json?lang=de").data == client.get("/api/v2/summary.json").data


def test_what_people_wrote_has_its_own_direction_and_language(client: FlaskClient) -> None:
    make_update(1, title="تعطل")
    db.session.commit()
    assert ' dir="auto"><a href="/incidents/' in client.get("/").text
    assert ' lang="en" dir="auto"><a href="/incidents/' in client.get("/?lang=de").text


def test_every_kind_of_page_is_to_be_had_in_german(client: FlaskClient) -> None:
    known = make_page()
    db.session.commit()
    one = re.search(r'href="(/incidents/[a-z0-9]{12})', client.get("/").text)
    assert one is not None
    for path, german in {
        "/": "Komponenten",
        "/history": "Verlauf",
        "/history/2026-11": "Verlauf, November 2026",
        "/history/2026-09": "Verlauf, September 2026",
        one[1]: "Zurück zum aktuellen Status",
        f"/components/{known['API'].public_id}"
        if "API" in known
        else f"/components/{next(iter(known.values())).public_id}": "Tag für Tag",
        "/embed": "Stand Mo, 23. Nov.",
    }.items():
        assert german in text_of(client, f"{path}?lang=de"), path
    missing = client.get("/incidents/aaaaaaaaaaaa?lang=de")
    assert missing.status_code == 404
    assert "Hier ist nichts veröffentlicht" in missing.text


def test_the_page_may_have_another_language_of_its_own(client: FlaskClient) -> None:
    api = make_component("API")
    make_update(1, components={api.public_id: DEGRADED}, title="Uploads langsam")
    change_page_settings(language="de", languages=["fr"])
    assert "Einige Systeme sind beeinträchtigt" in text_of(client)
    page = client.get("/?lang=en")
    assert page.headers["Content-Language"] == "de", "English is not offered"
    french = client.get("/?lang=fr").text
    assert ' lang="de" dir="auto"><a href="/incidents/' in french
    assert re.findall(r'hreflang="([a-z-]+)" href="/', french) == ["de"]
    assert "Uploads langsam" in client.get("/history.atom").text
    assert "Investigating" in client.get("/history.atom").text, "what programs read stays in English"


def test_a_page_in_one_language_offers_no_choice(client: FlaskClient) -> None:
    change_page_settings(languages=[])
    db.session.commit()
    page = client.get("/?lang=de").text
    assert "hreflang" not in page
    assert '<html lang="en">' in page


def test_the_formula_names_the_weights_that_are_counted_by(app: Flask, clock: object) -> None:
    assert "counts in full, a partial outage counts 30 %, degraded performance counts as up" in words.formula(
        drawn(clock)
    )
    change_page_settings(major_weight=90, partial_weight=40, degraded_weight=5)
    assert "counts 90 %, a partial outage 40 %, degraded performance 5 %" in words.formula(drawn(clock))
    assert words.equation(drawn(clock)).startswith("Uptime = 100 % \N{MINUS SIGN} (90 % × major outage + 40 % ×")


@pytest.fixture
def renewer(app: Flask) -> Renewer:
    found: Renewer = app.extensions["sevenbells.page"]
    return found


@pytest.fixture
def door(renewer: Renewer) -> Client:
    """A browser before the front door; behind it is nothing but a word."""
    return Client(FrontDoor(no_flask, renewer, threads=8))


def test_another_language_is_made_once_and_then_served_by_the_front_door(
    door: Client, renewer: Renewer, count_queries: list[str]
) -> None:
    make_update(1, title="Uploads are slow")
    db.session.commit()
    renewer.renew_now()
    assert door.get("/?lang=de").text == "from Flask"
    made = renewer.find("/?lang=de")
    assert made is not None
    count_queries.clear()
    answer = door.get("/?lang=de", headers={"Accept-Encoding": "gzip"})
    assert answer.data == made.gzipped.bodies[0]
    assert answer.headers["Cache-Control"] == CACHE_CONTROL
    assert door.get("/?lang=de&utm=x").data == made.plain.bodies[0]
    assert door.get("/").data == renewer.pages["/"].plain.bodies[0]
    assert count_queries == []


def test_a_language_that_is_read_is_made_anew_by_itself_and_nobody_waits_for_it(
    door: Client, renewer: Renewer, clock: Any
) -> None:
    make_update(1, title="Uploads are slow")
    db.session.commit()
    renewer.renew_now()
    renewer.find("/?lang=de")
    renewer.find("/?lang=ja")
    before = door.get("/?lang=de").data
    clock.forward(minutes=1)

    renewer._bring_up_to_date()  # the page itself is new, and the languages are not made yet
    assert door.get("/?lang=de").data == before
    renewer._catch_up()
    after = door.get("/?lang=de").data
    assert after != before
    assert b"02:15 UTC" in after
    assert door.get("/?lang=ja").text == "from Flask", "nobody read it in the minute before"


def test_another_language_needs_no_database(door: Client, renewer: Renewer, silence: Silence, clock: Any) -> None:
    make_update(1, title="Uploads are slow")
    db.session.commit()
    renewer.renew_now()
    silence.is_gone = True
    for _ in range(4):
        clock.forward(minutes=1)
        renewer.renew_now()
    made = renewer.find("/?lang=fr")
    assert made is not None
    text = made.plain.bodies[0].decode()
    assert "Nous n’arrivons plus à joindre nos propres systèmes depuis 02:14 UTC." in text
    assert "Uploads are slow" in text


def test_pages_made_on_demand_keep_within_their_memory(
    renewer: Renewer, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_page()
    db.session.commit()
    renewer.renew_now()
    monkeypatch.setattr(renewer_module, "_MOST_BYTES", 150_000)
    for code in OTHERS:
        assert renewer.find(f"/?lang={code}") is not None
    kept = list(renewer._remembered)
    assert kept
    assert kept[-1] == f"/?lang={OTHERS[-1]}"
    assert len(kept) < len(OTHERS)


def test_the_pages_own_language_is_prepared_alone(renewer: Renewer) -> None:
    make_page()
    db.session.commit()
    renewer.renew_now()
    assert not [address for address in renewer.pages if "lang=" in address]
