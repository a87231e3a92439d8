"""Forms: what they share, and how a refusal finds its way beside the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, StringField, ValidationError

from ..kernel.errors import Malformed, Refusal, TooMany


class Form(FlaskForm):  # type: ignore[misc]  # wtforms ships no types
    """A form of the console. Forgery is refused before any view, see ``kernel.web``."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Text fields lose their outer blanks, and no field takes what no database would."""

        csrf = False

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """Put the cleaning in front of a text field's own filters."""
            filters = unbound_field.kwargs.get("filters", ())
            if unbound_field.field_class is StringField:
                options = {**options, "filters": [_trimmed, *filters]}
                unbound_field.kwargs.pop("filters", None)
            return unbound_field.bind(form=form, **options)

    def blame(self, refusal: Refusal) -> None:
        """Put what an action said beside the fields it concerns; what concerns none stands above them all."""
        said = refusal.fields if isinstance(refusal, Malformed) else {"": refusal.sentence}
        for name, sentence in said.items():
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, sentence]
            else:
                self.form_errors.append(sentence)

    @property
    def problems(self) -> dict[str, list[str]]:
        """A field's id → what is wrong with it, for the summary; ``""`` for the form as a whole."""
        found = {field.id: list(field.errors) for field in self if field.errors}
        return {**found, **({"": list(self.form_errors)} if self.form_errors else {})}


def _trimmed(value: str | None) -> str | None:
    return value.replace("\x00", "").strip() if value else value


def judged_by(clean: Callable[[str], str]) -> Callable[[Form, Field], None]:
    """A validator out of an action's own judgement, so that both doors say the same; it also cleans the value."""

    def validate(form: Form, field: Field) -> None:
        try:
            field.data = clean(field.data or "")
        except Malformed as wrong:
            raise ValidationError(next(iter(wrong.fields.values()))) from None

    return validate


def show(template: str, form: Form | None = None, *, status: int = 200, **context: Any) -> ResponseReturnValue:
    """A page with its form; with problems in it the answer is 422, or what the refusal says."""
    problems = form.problems if form is not None else {}
    page = render_template(template, fields=form, errors=problems, **context)
    return make_response(page, 422 if problems and status == 200 else status)


def refused(template: str, form: Form, refusal: Refusal, **context: Any) -> ResponseReturnValue:
    """The form again, with what the action said and everything that was typed (never a password)."""
    form.blame(refusal)
    answer = make_response(cast(Any, show(template, form, status=refusal.status, **context)))
    if isinstance(refusal, TooMany):
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer
