"""The public forms: subscribe, confirm, change, leave. They show on GET and act on POST; no cookie, no script.

The page with the forms is prepared like all others. What is posted goes to the database, and where that is away the
answer says so in one sentence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from flask import Blueprint, Response, current_app, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from incidents.kernel.addresses import client_address
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed, Refusal, TooMany
from incidents.kernel.languages import LANGUAGES, asked_for, best_for, phrase, say, say_many, speaking, spoken
from incidents.kernel.problems import database_status
from incidents.kernel.settings import Settings
from incidents.published import subscribers
from incidents.published.subscribers import Choice, Letters, Subscriber

from . import subscribe_page, tongues
from .older_pages import Unavailable
from .prepared import Document
from .renewer import Renewer
from .snapshot import Picture
from .subscribe_page import Typed
from .views import EXTENSION, current_renewer

blueprint = Blueprint("subscriptions", __name__)
LETTERS = "sevenbells.subscription_letters"
_AWAY = phrase("Our database does not answer. Nothing was recorded, try again later.")
_MOST_CHOSEN = 500
_LONGEST = 1000  # characters of a field that are looked at
_DONE = {"confirmed": phrase("You are subscribed"), "changed": phrase("Saved")}

View = Callable[..., ResponseReturnValue]


def _public(view: View) -> View:
    """Everybody may use it; what goes wrong is said in the page's own clothes."""

    def in_words(**path: str) -> ResponseReturnValue:
        try:
            return view(**path)
        except (DBAPIError, PoolTimeout) as broken:
            if isinstance(broken, DBAPIError) and database_status(broken) is None:
                raise
            db.session.rollback()
            return _said(503, say("Not at the moment"), say(_AWAY))
        except Refusal as refusal:
            db.session.rollback()
            return _refused(refusal)

    @functools.wraps(view)
    def answered(**path: str) -> ResponseReturnValue:
        try:
            with speaking(_language(), written_in=_picture().settings.language):
                return in_words(**path)
        except Unavailable:
            return Response(f"{_AWAY}\n", 503, mimetype="text/plain", headers={"Retry-After": "30"})

    answered.__access__ = "public"  # type: ignore[attr-defined] # said here: this side cannot see incidents.access
    return answered


@blueprint.post("/subscribe")
@_public
def subscribe() -> ResponseReturnValue:
    """Somebody gives an address. Whether we knew it is not to be learned from the answer."""
    typed = _typed()
    subscribers.admit_form(account=typed.email or typed.url, address=client_address(request, _settings()))
    try:
        return _add_webhook(typed) if typed.kind == subscribers.WEBHOOK else _ask_by_mail(typed)
    except Malformed as wrong:
        db.session.rollback()
        document = subscribe_page.subscribe(_picture(), base=_base(), typed=typed, problems=wrong.fields)
        return _answer(document, wrong.status)


def _ask_by_mail(typed: Typed) -> ResponseReturnValue:
    if _settings().smtp_url is None:
        raise NotAllowed(phrase("We cannot send e-mail at present. The feeds carry every update."))
    subscribers.sign_up(typed.email, typed.choice, words=_letters())
    db.session.commit()
    return _said(
        200,
        say("Look into your mailbox"),
        say("If the address is right, a letter with a link is on its way. You get nothing else before you follow it."),
        say("No letter? Look among the unwanted ones. We write to the same address at most once a day."),
    )


def _add_webhook(typed: Typed) -> ResponseReturnValue:
    secret = subscribers.offer_webhook(typed.url, typed.choice, shape=typed.shape)
    db.session.commit()
    document = subscribe_page.said(
        _picture(),
        say("The webhook is on the list"),
        say("A test event goes to it, at most one a day. It says where to change or remove the webhook."),
        say("If the address was on the list before, nothing changes: it keeps its secret and what it hears of."),
        base=_base(),
        secret=secret,
    )
    return _answer(document, 200)


@blueprint.get("/subscriptions/<token>")
@_public
def show(token: str) -> ResponseReturnValue:
    """Somebody's own page, or what a confirmation link is for. Nothing happens: programs open links too."""
    subscriber = subscribers.by_token(token)
    if subscriber is not None:
        return _answer(_own_page(subscriber, sentence=_done()), 200)
    invitation = subscribers.invitation(token)
    if invitation is None:
        return _gone()
    if _is_answered(invitation.subscriber):
        return _answer(_own_page(invitation.subscriber), 200)
    if invitation.is_expired:
        return _answer(_expired(), 200)
    return _answer(_confirmation(invitation.subscriber), 200)


@blueprint.post("/subscriptions/<token>")
@_public
def act(token: str) -> ResponseReturnValue:
    """One press of a button on that page, or a mail program's own button (RFC 8058)."""
    if request.form.get("List-Unsubscribe") == "One-Click":
        return _leave_by_one_click(token)
    subscriber = subscribers.by_token(token)
    if subscriber is not None:
        return _act_on_own_page(subscriber)
    invitation = subscribers.invitation(token)
    if invitation is None:
        return _gone()
    if request.form.get("act") == "forget":
        subscribers.erase(invitation.subscriber)
        db.session.commit()
        return _said(200, say("Forgotten"), say("We no longer have this address."))
    if invitation.is_expired and not _is_answered(invitation.subscriber):
        return _ask_again(invitation.subscriber)
    return _confirm(invitation.subscriber)


act.__one_click__ = True  # type: ignore[attr-defined] # see kernel.web: such a request comes from elsewhere


def _leave_by_one_click(token: str) -> ResponseReturnValue:
    """No question, no login and no redirect; twice is the same as once."""
    subscriber = subscribers.by_token(token)
    if subscriber is not None:
        subscribers.leave(subscriber)
        db.session.commit()
    return Response("You are unsubscribed.\n", 200, mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _act_on_own_page(subscriber: Subscriber) -> ResponseReturnValue:
    if request.form.get("act") == "leave":
        is_mail = subscriber.email is not None
        subscribers.leave(subscriber)
        db.session.commit()
        heading = say("You are unsubscribed") if is_mail else say("The webhook is removed")
        return _said(200, heading, say("Nothing else is sent, and the address is forgotten."))
    choice = _choice(subscriber.language)
    try:
        subscribers.change(subscriber, choice)
    except Malformed as wrong:
        db.session.rollback()
        return _answer(_own_page(subscriber, choice=choice, problems=wrong), wrong.status)
    db.session.commit()
    return _to_own_page(subscriber, "changed")


def _confirm(subscriber: Subscriber) -> ResponseReturnValue:
    choice = _choice(subscriber.language) if "scope" in request.form else None
    try:
        subscribers.confirm(subscriber, choice, words=_letters())
    except Malformed as wrong:
        db.session.rollback()
        return _answer(_confirmation(subscriber, choice=choice, problems=wrong), wrong.status)
    db.session.commit()
    return _to_own_page(subscriber, "confirmed")


def _ask_again(subscriber: Subscriber) -> ResponseReturnValue:
    email, choice = subscriber.destination, Choice.of(subscriber)
    db.session.rollback()  # what is counted is written by itself, and SQLite has one writer
    subscribers.admit_form(account=email, address=client_address(request, _settings()))
    subscribers.sign_up(email, choice, words=_letters())
    db.session.commit()
    return _said(
        200,
        say("Look into your mailbox"),
        say("A new link is on its way. We write to the same address at most once a day."),
    )


def _to_own_page(subscriber: Subscriber, done: str) -> ResponseReturnValue:
    return redirect(f"/subscriptions/{subscriber.token}?done={done}", 303)


# -- what is shown -----------------------------------------------------------------------------------------------------


def _own_page(
    subscriber: Subscriber, *, sentence: str = "", choice: Choice | None = None, problems: Malformed | None = None
) -> Document:
    return subscribe_page.manage(
        _picture(),
        subscriber,
        base=_base(),
        action=f"/subscriptions/{subscriber.token}",
        languages=_languages(),
        sentence=sentence,
        choice=choice,
        problems=problems.fields if problems else None,
    )


def _confirmation(
    subscriber: Subscriber, *, choice: Choice | None = None, problems: Malformed | None = None
) -> Document:
    return subscribe_page.confirm(
        _picture(),
        subscriber,
        base=_base(),
        action=request.path,
        languages=_languages(),
        choice=choice,
        problems=problems.fields if problems else None,
    )


def _expired() -> Document:
    return subscribe_page.said(
        _picture(),
        say("This link has expired"),
        say("It worked for three days."),
        base=_base(),
        action=request.path,
        other={
            "heading": say("Another link"),
            "sentence": say("We send it to the same address."),
            "act": "again",
            "button": say("Send me a new link"),
        },
    )


def _gone() -> Response:
    return _said(404, say("This link leads nowhere"), say("The subscription has ended, or the address is incomplete."))


def _refused(refusal: Refusal) -> Response:
    if not isinstance(refusal, TooMany):
        return _said(refusal.status, say("Not as things are"), say(refusal.sentence))
    minutes = -(-refusal.retry_after // 60)
    sentence = say_many(minutes, "Try again in {count} minute.", "Try again in {count} minutes.")
    response = _said(refusal.status, say("Too often"), sentence)
    response.headers["Retry-After"] = str(max(1, refusal.retry_after))
    return response


def _said(status: int, heading: str, *sentences: str) -> Response:
    response = _answer(subscribe_page.said(_picture(), heading, *sentences, base=_base()), status)
    if status == 503:
        response.headers["Retry-After"] = "30"
    return response


def _answer(document: Document, status: int) -> Response:
    """Somebody's own answer: kept nowhere, found by no search engine, and its address told to nobody else."""
    response = Response(document.body, status, content_type=document.content_type)
    response.headers.update(document.headers)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    # stricter, and browsers would call our own forms strangers: with "no-referrer" they send ``Origin: null``
    response.headers["Referrer-Policy"] = "same-origin"
    return response


# -- what was asked ----------------------------------------------------------------------------------------------------


def _typed() -> Typed:
    return Typed(
        kind="webhook" if request.form.get("kind") == "webhook" else "email",
        email=request.form.get("email", "")[:_LONGEST],
        url=request.form.get("url", "")[: _LONGEST + 1],
        shape=request.form.get("shape", "standard")[:20],
        choice=_choice(spoken()),
    )


def _choice(language: str) -> Choice:
    """What a form of ours chose; a form without the field for maintenance means "too"."""
    form = request.form
    chosen = tuple(dict.fromkeys(form.getlist("component")))[:_MOST_CHOSEN]
    wanted = form.get("language", language)
    about_maintenance = form.getlist("maintenance")
    return Choice(
        components=chosen if form.get("scope") == "chosen" else None,
        maintenance=not about_maintenance or "yes" in about_maintenance,
        language=wanted if wanted in tongues.offered(_picture().settings) else language,
    )


def _language() -> str:
    """What the address asks for, else what the browser does: these pages and letters are for one reader."""
    settings = _picture().settings
    asked = asked_for(request.query_string.decode("latin-1"))
    if asked in tongues.offered(settings):
        return asked
    return best_for(request.headers.get("Accept-Language"), tongues.offered(settings), otherwise=settings.language)


def _languages() -> list[tuple[str, str]]:
    """Those in which our letters can be had; none where there is no choice."""
    offered = tongues.offered(_picture().settings)
    return [(code, LANGUAGES[code]) for code in offered] if len(offered) > 1 else []


def _done() -> str:
    """What has just been done, as the address says after a press of a button."""
    sentence = _DONE.get(request.args.get("done", ""))
    return say(sentence) if sentence else ""


def _is_answered(subscriber: Subscriber) -> bool:
    return subscriber.is_confirmed and subscriber.quarantined_at is None


def _picture() -> Picture:
    picture = current_renewer().picture
    if picture is None:
        raise Unavailable
    return picture


def _base() -> str:
    renewer: Renewer = current_app.extensions[EXTENSION]
    return renewer.base


def _letters() -> Letters:
    letters: Letters = current_app.extensions[LETTERS]
    return letters


def _settings() -> Settings:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings
