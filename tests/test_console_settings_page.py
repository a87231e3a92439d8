"""Settings, page: name, zone, support link, colour, logo, each refused in words beside its field."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image

from incidents.kernel.database import db
from incidents.published.page_settings import PageSettings, change_page_settings, page_settings
from tests.factories_people import form_token, make_person, post, sign_in

PAGE = "/console/settings/page"
RIGHT = {
    "name": "AI Perception",
    "zone": "Europe/Berlin",
    "support_url": "https://example.com/help",
    "footer_links": "Privacy https://example.com/privacy\nWrite to us mailto:help@example.com",
    "accent": "#0A566B",
    "shows_severity": "1",
    "partial_weight": "50",
    "degraded_weight": "10",
    "major_weight": "90",
}


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_person("maya@example.com", role="admin"))


def now() -> PageSettings:
    db.session.expire_all()
    return page_settings()


def upload(client: FlaskClient, content: bytes) -> tuple[int, str]:
    head = (
        f'--cut\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{form_token(client, PAGE)}\r\n'
        '--cut\r\nContent-Disposition: form-data; name="logo"; filename="logo.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n--cut--\r\n"
    answer = client.post(f"{PAGE}/logo", data=body, content_type="multipart/form-data; boundary=cut")
    return answer.status_code, answer.text


def a_png(width: int = 200, height: int = 60) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "#0a566b").save(written, "PNG")
    return written.getvalue()


def test_what_is_saved_is_what_the_page_reads(admin: FlaskClient) -> None:
    answer = post(admin, PAGE, RIGHT)

    assert (answer.status_code, answer.location) == (303, PAGE)
    saved = now()
    assert (saved.name, saved.zone, saved.support_url) == ("AI Perception", "Europe/Berlin", "https://example.com/help")
    assert (saved.accent, saved.shows_severity, saved.partial_weight) == ("#0a566b", True, 50)
    assert (saved.degraded_weight, saved.major_weight) == (10, 90)
    assert saved.footer_links == [
        ["Privacy", "https://example.com/privacy"],
        ["Write to us", "mailto:help@example.com"],
    ]
    assert '<a href="https://example.com/privacy" rel="noopener" dir="auto">Privacy</a>' in admin.get("/").text
    page = admin.get(PAGE).text
    assert "8.2 to 1" in page
    assert '<option value="Europe/Berlin">' in page


def test_the_page_speaks_the_language_that_is_chosen_and_offers_the_ticked_ones(admin: FlaskClient) -> None:
    assert post(admin, PAGE, RIGHT | {"language": "de", "languages": ["fr", "ja"]}).status_code == 303
    assert (now().language, now().languages) == ("de", "fr,ja")
    assert '<html lang="de">' in admin.get("/").text
    post(admin, PAGE, RIGHT)
    assert (now().language, now().languages) == ("de", "fr,ja"), "a form without them leaves them as they are"

    refused = post(admin, PAGE, RIGHT | {"language": "de", "languages": ["xx"]})
    assert refused.status_code == 422
    assert "Choose languages from the list." in refused.text
    post(admin, PAGE, RIGHT | {"language": "en"})
    assert "hreflang" not in admin.get("/").text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Give the page a name"),
        ("zone", "Berlin", "Choose a zone from the list"),
        ("support_url", "javascript:alert(1)", "Start the address with https:// or mailto:"),
        ("footer_links", "Privacy javascript:alert(1)", "End “Privacy” with an address that begins with https://"),
        ("footer_links", "https://example.com/", "Write words before the address"),
        ("accent", "#ffff00", "The contrast in the light theme is 1.0 to 1"),
        ("accent", "blue", "Write the colour as # and six digits"),
        ("partial_weight", "101", "Give a number from 0 to 100."),
        ("degraded_weight", "-1", "Give a number from 0 to 100."),
        ("major_weight", "a third", "Give a number from 0 to 100."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_everything_typed_is_kept(
    admin: FlaskClient, field: str, typed: str, said: str
) -> None:
    answer = post(admin, PAGE, {**RIGHT, field: typed})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said in answer.text
    assert "<title>Error: Page" in answer.text
    for name, value in {**RIGHT, field: typed}.items():
        if name == "footer_links":
            assert f">\n{value}</textarea>" in answer.text
        elif name != "shows_severity":
            assert f'value="{value}"' in answer.text
    assert now().name == "Our"


def test_a_logo_is_uploaded_shown_and_removed(admin: FlaskClient) -> None:
    assert upload(admin, a_png())[0] == 303
    assert now().logo is not None
    assert 'src="data:image/png;base64,' in admin.get(PAGE).text

    assert (
        upload(admin, b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>')[0]
        == 303
    )
    assert 'src="data:image/svg+xml;base64,' in admin.get(PAGE).text
    assert 'src="data:image/svg+xml;base64,' in admin.get("/").text

    assert post(admin, f"{PAGE}/logo/removed").status_code == 303
    assert now().logo is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Choose a picture first."),
        (b"%PDF-1.7", "Choose an SVG, PNG, JPEG, WebP or GIF picture."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This SVG file does not say how large it is"),
        (b"\x89PNG\r\n\x1a\n" + bytes(3_000_000), "Choose a picture of at most 1 MB. This one has 3.0 MB."),
    ],
)
def test_a_picture_that_will_not_do_is_refused_in_words(admin: FlaskClient, content: bytes, said: str) -> None:
    status, page = upload(admin, content)

    assert status == 422
    assert 'id="logo-error"' in page
    assert said in page
    assert now().logo is None


def test_only_the_logo_may_be_as_large_as_a_picture(admin: FlaskClient) -> None:
    assert upload(admin, bytes(9_000_000))[0] == 413
    assert admin.post(PAGE, data={**RIGHT, "support_url": "x" * 1_100_000}).status_code == 413


def test_a_responder_may_not_change_the_page(client: FlaskClient) -> None:
    sign_in(client, make_person("ron@example.com", role="responder"))
    change_page_settings(name="AI Perception")

    assert client.get(PAGE).status_code == 403
    assert post(client, PAGE, RIGHT).status_code == 403
    assert PAGE not in client.get("/console/status-page/components").text
    assert now().zone == "UTC"
