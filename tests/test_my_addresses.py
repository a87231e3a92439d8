"""My notifications: what may be typed in as an address, in which order they are used, and whether each works."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.actions import addresses, telling
from incidents.kernel import clock as clock_module
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed
from incidents.kernel.outbox import Destination, OutboxMessage
from incidents.messages import about_addresses
from incidents.policy.lifecycle import Visibility
from incidents.records.addresses import ContactAddress, ContactRule, addresses_of
from incidents.records.audit import AuditEntry
from incidents.records.people import Person
from incidents.reports.ways import Ways
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import an_address, make_person, post, sign_in

PAGE = "/console/me/notifications"
HOOK = "https://hooks.example.com/maya/0123456789"
KEY = "0123456789abcdefABCDEF0123456789"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With a mail server and Slack: what leaves is not at issue here."""
    return environ | {
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "bells@example.com",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
    }


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya", zone="Europe/Berlin")


@pytest.fixture
def browser(client: FlaskClient, maya: Person) -> FlaskClient:
    return sign_in(client, maya)


def add(person: Person, kind: str, value: str, **more: Any) -> ContactAddress:
    return addresses.add_address(person, kind=kind, value=value, by=person.as_actor(), **more)


def chosen(person: Person, urgency: str = "high") -> list[tuple[str, int]]:
    ways = Ways([person]).chosen_by(person, urgency)
    return [(way.channel, int(way.after.total_seconds()) // 60) for way in ways]


def outgoing() -> list[OutboxMessage]:
    db.session.commit()
    wanted = select(OutboxMessage).where(OutboxMessage.purpose != outbox.TEAM)
    return list(db.session.scalars(wanted.order_by(OutboxMessage.id)))


# ---- what may be typed in ----


NO_ADDRESSES = (
    ("email", "maya@example.com, daniel@example.com"),
    ("email", "maya@example.com\r\nBcc: all@example.com"),
    ("email", "maya"),
    ("email", "=?utf-8?q?a?=@example.com"),
    ("slack", "#general"),
    ("slack", "@maya"),
    ("slack", "C02ABC3DEF"),  # a channel, not a member
    ("slack", "U02ABC3DEF\nU02ABC3DEG"),
    ("pagerduty", KEY[:-1]),
    ("pagerduty", KEY + " " + KEY),
    ("pagerduty", "é" * 32),
    ("webhook", "ftp://hooks.example.com/"),
    ("webhook", "javascript:alert(1)"),
    ("webhook", "https://"),
    ("webhook", "https://user:password@hooks.example.com/"),
    ("webhook", "https://hooks.example.com/#part"),
    ("webhook", "https://hooks.example.com:99999/"),
    ("webhook", "https://hooks.example.com:22/"),
    ("webhook", "http://hooks.example.com/"),
    ("webhook", "https://hooks.example.com/\u202egnp.exe"),
    ("webhook", "https://hooks.example.com/a\tb"),
    ("webhook", "https://[::1/"),
    ("webhook", "https://exa mple.com/"),
    ("webhook", "https://１２７.0.0.1/"),
    ("webhook", "https://%31%32%37.0.0.1/"),
    ("webhook", "https://hooks.example.com/" + "a" * 1000),
    ("apprise", "json://hooks.example.com/"),
    ("apprise", "mailto://user:password@example.com"),
    ("apprise", "syslog://"),
    ("apprise", "pover://"),
    ("apprise", "pover"),
    ("apprise", "pover://user@token?verify=no"),
    ("apprise", "discord://1/2?template=/etc/passwd"),
    ("apprise", "discord://1/2?thread=1;template=/etc/passwd"),
    ("apprise", "ntfys://ntfy.example.com/a?%2Bto=b"),
    ("apprise", "pover://user@token pover://other@token"),
    ("fax", "030 123"),
    ("email", ""),
)


def test_what_is_no_address_is_refused_with_a_sentence(maya: Person) -> None:
    for kind, value in NO_ADDRESSES:
        with pytest.raises(Malformed) as refused:
            add(maya, kind, value)
        assert set(refused.value.fields) <= {"value", "kind"}, value
    assert addresses_of(maya.id) == []


PRIVATE_HOSTS = (
    "127.0.0.1",
    "127.0.0.1.",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[fe80::1%25eth0]",
    "[64:ff9b::7f00:1]",
    "localhost",
    "db.localhost",
    "LOCALHOST",
)


def test_a_webhook_into_a_private_network_is_refused_at_once(maya: Person) -> None:
    for host in PRIVATE_HOSTS:
        with pytest.raises(Malformed, match="leads into a private network"):
            add(maya, "webhook", f"https://{host}/hook")


def test_what_the_operator_admits_may_be_private_and_plain(
    environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ["OUTBOUND_ALLOW"] = "127.0.0.0/8"
    request.getfixturevalue("app")
    maya = make_person()
    assert add(maya, "webhook", "http://127.0.0.1:9000/hook").secret
    assert add(maya, "webhook", "http://localhost:9000/hook").secret
    with pytest.raises(Malformed, match="private network"):
        add(maya, "webhook", "https://10.0.0.1/hook")


def test_each_kind_is_kept_as_its_channel_takes_it(maya: Person) -> None:
    assert add(maya, "email", " Maya@Home.example ").destination == "maya@home.example"
    assert add(maya, "slack", "u02abc3def").destination == "U02ABC3DEF"
    hook = add(maya, "webhook", HOOK, label="Bridge")
    assert (hook.destination, hook.label) == (f"address:{hook.id}", "Bridge")
    assert hook.secret is not None
    assert hook.secret.startswith("whsec_")
    assert add(maya, "pagerduty", KEY).secret is None
    assert add(maya, "apprise", "POVER://user@token?priority=high").label == "Pushover"


def test_the_same_address_once_a_person_and_not_the_accounts_own(maya: Person) -> None:
    add(maya, "webhook", HOOK)
    with pytest.raises(Malformed, match="there already"):
        add(maya, "webhook", HOOK)
    with pytest.raises(Malformed, match="account's own"):
        add(maya, "email", maya.email)
    assert add(make_person("daniel@example.com"), "webhook", HOOK).id


def test_a_slack_member_is_one_persons(maya: Person, clock: WoundClock) -> None:
    ada = make_person("ada@example.com")
    add(ada, "slack", "U02ABC3DEF")

    with pytest.raises(Malformed, match="Somebody else here has this member ID"):
        add(maya, "slack", "u02abc3def")

    ada.disabled_at = clock()
    add(maya, "slack", "U02ABC3DEF")


def test_there_can_be_twenty_addresses(maya: Person) -> None:
    for number in range(addresses.MOST):
        add(maya, "webhook", f"{HOOK}{number}")
    with pytest.raises(NotAllowed, match="20 addresses"):
        add(maya, "webhook", HOOK)


def test_the_log_of_changes_holds_no_value_and_no_secret(maya: Person) -> None:
    hook = add(maya, "webhook", HOOK)
    secret = hook.secret or ""
    addresses.remove_address(maya, hook, by=maya.as_actor())
    said = str([entry.detail for entry in db.session.scalars(select(AuditEntry))])
    assert "webhook" in said
    assert HOOK[-8:] not in said
    assert secret not in said
    assert (hook.value, hook.secret) == ("", None)


def test_whose_address_another_adds_hears_of_it(maya: Person) -> None:
    admin = make_person("admin@example.com", role="admin", name="Ada")
    addresses.add_address(maya, kind="webhook", value=HOOK, by=admin.as_actor())
    letter = outgoing()[-1]
    assert letter.destination == maya.email
    assert "Ada added an address" in letter.payload["text"]
    assert HOOK not in letter.payload["text"]


# ---- order ----


def test_a_first_choice_leaves_what_held_before(maya: Person) -> None:
    add(maya, "slack", "U02ABC3DEF", low=0)
    assert db.session.scalars(select(ContactRule)).all() == []
    add(maya, "apprise", "pover://user@token", high=3)
    assert chosen(maya) == [("email", 0), ("slack", 0), ("apprise", 3)]
    assert chosen(maya, "low") == [("email", 0), ("slack", 0)]
    add(maya, "slack", "U02ABC3DEG", high=None, low=None)
    assert chosen(maya) == [("email", 0), ("slack", 0), ("apprise", 3)]
    assert chosen(maya, "low") == [("email", 0), ("slack", 0)]


def test_what_is_not_urgent_comes_by_slack_too_and_by_a_telephone_only_if_one_says_so(
    browser: FlaskClient, maya: Person
) -> None:
    add(maya, "apprise", "pover://user@token")
    assert chosen(maya, "low") == [("email", 0)]

    typed = {"kind": "slack", "value": "U02ABC3DEF", "high": "0", "low": "usual"}
    assert post(browser, PAGE, typed, page=PAGE).status_code == 303

    assert chosen(maya, "low") == [("email", 0), ("slack", 0)]
    add(maya, "slack", "U02ABC3DEG", low=None)
    assert chosen(maya, "low") == [("email", 0), ("slack", 0)]


def test_the_order_is_chosen_for_each_urgency(browser: FlaskClient, maya: Person) -> None:
    phone = add(maya, "apprise", "pover://user@token")
    typed = {"high-0": "5", f"high-{phone.id}": "0", "low-0": "0", f"low-{phone.id}": ""}
    assert post(browser, f"{PAGE}/order", typed, page=PAGE).status_code == 303
    assert chosen(maya) == [("apprise", 0), ("email", 5)]
    assert chosen(maya, "low") == [("email", 0)]
    page = words(browser.get(PAGE))
    assert "For a P1 or P2 you get Pushover at once, and e-mail after 5 min." in page
    assert "For a P3 or P4 you get e-mail at once." in page


def test_webhooks_of_one_name_are_told_apart_by_their_hosts_and_counted_in_the_sentence(
    browser: FlaskClient, maya: Person
) -> None:
    for host in ("one.example.com", "two.example.com"):
        add(maya, "webhook", f"https://{host}/T0/secret-{host[:3]}", high=0)
    db.session.commit()

    page = browser.get(PAGE)

    order = page.text.partition("<h2>Order</h2>")[2]
    assert "https://one.example.com/…" in order
    assert "https://two.example.com/…" in order
    assert "/T0/" not in order
    assert "Webhook (2 addresses) at once" in words(page)


def test_an_urgency_keeps_at_least_one_address(browser: FlaskClient, maya: Person) -> None:
    answer = post(browser, f"{PAGE}/order", {"high-0": "", "low-0": "0"}, page=PAGE)
    assert answer.status_code == 422
    assert "Choose at least one address." in words(answer)
    assert chosen(maya) == [("email", 0)]


def test_an_order_that_makes_no_sense_changes_nothing(browser: FlaskClient, maya: Person) -> None:
    for typed in ({"high-0": "61"}, {"high-0": "-1"}, {"high-0": "soon"}, {"high-99": "0"}):
        assert post(browser, f"{PAGE}/order", typed, page=PAGE).status_code == 422
    assert chosen(maya) == [("email", 0)]


def test_an_address_added_in_another_tab_keeps_its_place(browser: FlaskClient, maya: Person) -> None:
    add(maya, "apprise", "pover://user@token", high=2)  # this tab was opened before that
    assert post(browser, f"{PAGE}/order", {"high-0": "10", "low-0": "0"}, page=PAGE).status_code == 303
    assert chosen(maya) == [("apprise", 2), ("email", 10)]


def test_an_address_removed_in_another_tab_is_said_and_answers_as_missing(browser: FlaskClient, maya: Person) -> None:
    phone = add(maya, "apprise", "pover://user@token", high=2)
    assert post(browser, f"{PAGE}/{phone.id}/removed", page=PAGE).status_code == 303
    answer = post(browser, f"{PAGE}/order", {"high-0": "0", f"high-{phone.id}": "0"}, page=PAGE)
    assert answer.status_code == 422
    assert "was removed meanwhile" in words(answer)
    for act in ("removed", "test", "retry", "secret"):
        assert post(browser, f"{PAGE}/{phone.id}/{act}", page=PAGE).status_code == 404
    assert chosen(maya) == [("email", 0)]


def test_what_waits_for_a_removed_address_is_not_sent(maya: Person) -> None:
    phone = add(maya, "apprise", "pover://user@token")
    addresses.send_tests(maya, Ways([maya]).all_of(maya))
    addresses.remove_address(maya, phone, by=maya.as_actor())
    assert [(row.channel, row.state) for row in outgoing()] == [("email", "waiting"), ("apprise", "skipped")]


def test_anothers_address_answers_as_one_that_does_not_exist(browser: FlaskClient, maya: Person) -> None:
    theirs = an_address(make_person("daniel@example.com"), "webhook", HOOK)
    for act in ("removed", "test", "retry", "secret"):
        assert post(browser, f"{PAGE}/{theirs.id}/{act}", page=PAGE).status_code == 404
    answer = post(browser, f"{PAGE}/order", {f"high-{theirs.id}": "0"}, page=PAGE)
    assert (answer.status_code, outgoing()) == (422, [])
    assert "hooks.example.com" not in browser.get(PAGE).text


# ---- quiet hours ----


def test_quiet_hours_are_kept_and_shown(browser: FlaskClient, maya: Person, clock: WoundClock) -> None:
    add(maya, "apprise", "pover://user@token", low=0)
    typed = {"quiet_from": "22:00", "quiet_until": "07:00"}
    assert post(browser, f"{PAGE}/quiet-hours", typed, page=PAGE).status_code == 303
    assert "Pushover at 07:00 CET (06:00 UTC), when your quiet hours end." in words(browser.get(PAGE))
    typed = {"quiet_from": "", "quiet_until": ""}
    assert post(browser, f"{PAGE}/quiet-hours", typed, page=PAGE).status_code == 303
    db.session.refresh(maya)
    assert (maya.quiet_from, maya.quiet_until) == (None, None)


@pytest.mark.parametrize(("begins", "ends"), [("22:00", ""), ("25:00", "07:00"), ("22:00", "22:00"), ("x", "07:00")])
def test_quiet_hours_that_make_no_sense_are_refused(browser: FlaskClient, maya: Person, begins: str, ends: str) -> None:
    typed = {"quiet_from": begins, "quiet_until": ends}
    assert post(browser, f"{PAGE}/quiet-hours", typed, page=PAGE).status_code == 422
    db.session.refresh(maya)
    assert maya.quiet_from is None


# ---- the screen ----


def test_a_webhooks_secret_is_shown_once_and_its_address_masked(browser: FlaskClient, maya: Person) -> None:
    typed = {"kind": "webhook", "value": HOOK, "high": "0", "low": ""}
    answer = post(browser, PAGE, typed, page=PAGE)
    [hook] = addresses_of(maya.id)
    assert answer.status_code == 201
    assert hook.secret is not None
    assert hook.secret in answer.text
    page = browser.get(PAGE).text
    assert hook.secret not in page
    assert HOOK not in page
    assert "https://hooks.example.com/…6789" in page


def test_a_new_secret_leaves_the_old_one_for_a_day(browser: FlaskClient, maya: Person, clock: WoundClock) -> None:
    hook = add(maya, "webhook", HOOK)
    old = hook.secret
    answer = post(browser, f"{PAGE}/{hook.id}/secret", page=PAGE)
    db.session.refresh(hook)
    assert answer.status_code == 201
    assert hook.secret != old
    assert hook.old_secret == old
    assert hook.old_secret_until is not None
    assert (hook.old_secret_until - clock.moment).total_seconds() == 24 * 3600


def test_a_second_new_secret_within_a_day_leaves_the_one_in_use_before(
    browser: FlaskClient, maya: Person, clock: WoundClock
) -> None:
    hook = add(maya, "webhook", HOOK)
    secrets = [hook.secret]
    for _ in range(3):
        answer = post(sign_in(browser, maya), f"{PAGE}/{hook.id}/secret", page=PAGE)
        db.session.refresh(hook)
        secrets.append(hook.secret)
        assert hook.old_secrets(clock.forward(hours=7)) == list(dict.fromkeys([secrets[0], secrets[-2]]))
    assert "and so does the oldest of the last day" in words(answer)
    assert hook.old_secrets(clock.forward(hours=17)) == []
    post(sign_in(browser, maya), f"{PAGE}/{hook.id}/secret", page=PAGE)
    db.session.refresh(hook)
    assert hook.old_secrets(clock()) == [secrets[-1]]


def test_a_refused_address_comes_back_in_its_form(browser: FlaskClient, maya: Person) -> None:
    answer = post(browser, PAGE, {"kind": "webhook", "value": "https://10.0.0.1/"}, page=PAGE)
    assert answer.status_code == 422
    assert "leads into a private network" in words(answer)
    assert "https://10.0.0.1/" in answer.text


def test_a_test_says_what_became_of_it(browser: FlaskClient, maya: Person, clock: WoundClock) -> None:
    phone = add(maya, "apprise", "pover://user@token", label="My phone")
    assert words(browser.get(PAGE)).count("Not tested") == 2
    assert post(browser, f"{PAGE}/test", page=PAGE).status_code == 303
    email, push = outgoing()
    assert {(row.purpose, row.person_id) for row in (email, push)} == {("test", maya.id)}
    assert words(browser.get(PAGE)).count("Test on its way") == 2

    email.state, email.sent_at = outbox.SENT, clock.moment
    push.state, push.reason = outbox.FAILED, "Pushover does not know this user"
    db.session.commit()
    clock.forward(hours=2)
    page = words(browser.get(PAGE))
    assert "Tested 2 h ago" in page
    assert "Test failed Pushover does not know this user" in page
    assert phone.test_event == push.event


def test_tests_are_limited(browser: FlaskClient, maya: Person) -> None:
    answers = [post(browser, f"{PAGE}/0/test", page=PAGE) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "30"
    assert "Too many attempts" in words(answers[-1])


def test_a_suppressed_address_says_why_and_can_be_tried_again(
    browser: FlaskClient, maya: Person, clock: WoundClock
) -> None:
    add(maya, "email", "maya@home.example", high=0)
    gone = Destination(
        channel="email",
        destination="maya@home.example",
        suppressed_at=clock.moment,
        suppressed_reason="No such mailbox",
        updated_at=clock.moment,
    )
    db.session.add(gone)
    page = words(browser.get(PAGE))
    assert "Does not work No such mailbox" in page
    number = addresses_of(maya.id)[0].id
    assert post(browser, f"{PAGE}/{number}/retry", page=PAGE).status_code == 303
    assert "No such mailbox" not in words(browser.get(PAGE))


def test_hostile_names_are_text_on_the_page(browser: FlaskClient, maya: Person) -> None:
    typed = {"kind": "webhook", "value": HOOK, "label": "<script>alert(1)</script>", "high": "0"}
    assert post(browser, PAGE, typed, page=PAGE).status_code == 201
    page = browser.get(PAGE).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert post(browser, PAGE, {**typed, "label": "x" * 81}, page=PAGE).status_code == 422
    assert post(browser, PAGE, {**typed, "label": "a\u202eb"}, page=PAGE).status_code == 422


# ---- the banner above every page ----


def test_a_banner_says_what_waits_for_slack_and_what_nobody_got(browser: FlaskClient, maya: Person) -> None:
    add(maya, "slack", "U02ABC3DEF", low=0)
    incident = an_incident(by=maya)
    email, slack = outgoing()
    slack.attempts, slack.reason = 2, "Slack is away"
    assert "Messages are not reaching Slack. 1 message waits for Slack." in words(browser.get(PAGE))
    slack.state, slack.reason, slack.last_attempt_at = outbox.FAILED, "user_not_found", slack.created_at
    assert "Somebody was not told. 1 message was not delivered" in words(browser.get(PAGE))
    email.state, email.sent_at = outbox.SENT, email.created_at  # the same person got it by another address
    assert "Somebody was not told" not in words(browser.get(f"/console/incidents/{incident.ref}"))


def test_whoever_got_it_by_another_address_was_told_however_long_writing_it_took(
    browser: FlaskClient, maya: Person, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(maya, "slack", "U02ABC3DEF", low=0)
    monkeypatch.setattr(clock_module, "source", lambda: clock.forward(microseconds=1))
    letter = about_addresses.test(maya.name, label="a cover", address=PAGE)
    telling.send(letter, to=maya, event="cover/1/made", incident=None)  # of no incident
    for failed, sent in (outgoing(), outgoing()[::-1]):
        failed.state, failed.reason, failed.last_attempt_at, failed.sent_at = outbox.FAILED, "no", clock(), None
        sent.state = outbox.WAITING
        assert "Somebody was not told. 1 message" in words(browser.get(PAGE))
        sent.state, sent.sent_at = outbox.SENT, clock()
        assert "Somebody was not told" not in words(browser.get(PAGE))


def test_the_banner_counts_nothing_of_an_incident_that_its_reader_may_not_see(
    browser: FlaskClient, maya: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=make_person(name="Daniel", email="daniel@example.com"))
    incident.visibility = Visibility.RESTRICTED
    payload = {"subject": "x"}
    message = outbox.enqueue(
        event="x", channel="email", destination="a@b.example", payload=payload, incident_id=incident.id
    )
    assert message is not None
    message.state, message.reason, message.last_attempt_at = outbox.FAILED, "no", clock()
    db.session.commit()
    assert "Somebody was not told" not in words(browser.get(PAGE))
    message.incident_id = None
    db.session.commit()
    assert "Somebody was not told" in words(browser.get(PAGE))


def test_without_a_mail_server_the_banner_counts_who_is_reached_by_other_addresses(
    environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    del environ["SMTP_URL"]
    app = request.getfixturevalue("app")
    person = make_person(name="Maya")
    browser = sign_in(app.test_client(), person)
    assert "reach only people with a tab open" in words(browser.get(PAGE))
    add(person, "apprise", "pover://user@token")
    assert "go to other addresses only" in words(browser.get(PAGE))
    make_person("daniel@example.com")
    assert "of 2 responders one is reached by other addresses" in words(browser.get(PAGE))
