"""How a refusal is said over HTTP: RFC 9457 problems, in French, with a stable code and never the submitted value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi.responses import Response

from api import french
from api.french_fields import field_sentence

CONTENT_TYPE: Final = "application/problem+json"
URN: Final = "urn:ardoise:problem:"

STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(french.REFUSALS, 409),
        **dict.fromkeys(
            (
                "nothing_to_do",
                "too_many_days",
                "period_reversed",
                "unknown_activity",
                "unknown_reason",
                "unknown_site",
                "unknown_group",
                "unknown_place",
                "unknown_document",
                "reason_required",
                "not_in_demande",
                "quotient_out_of_bounds",
                "quotient_retroactive",
                "correction_not_expected",
                "times_not_expected",
                "times_out_of_order",
                "child_twice",
                "household_required",
                "unknown_payer",
                "unknown_titre",
                "amount_out_of_bounds",
                "cash_over_limit",
                "day_out_of_reach",
                "not_a_banking_day",
                "collection_too_soon",
                "collection_too_far",
                "unknown_debit",
                "custody_one_sided",
                "expiry_out_of_reach",
                "rulebook_unsound",
                "rulebook_of_another_town",
            ),
            422,
        ),
        "malformed_http": 400,
        "invalid_json": 400,
        "unexpected_body": 400,
        "idempotency_key_missing": 400,
        "idempotency_key_invalid": 400,
        "unauthenticated": 401,
        "not_found": 404,
        "method_not_allowed": 405,
        "not_acceptable": 406,
        "body_too_slow": 408,
        "idempotency_in_progress": 409,
        "conflict": 409,
        "version_changed": 412,
        "body_too_large": 413,
        "document_too_large": 413,
        "document_type_refused": 415,
        "document_unsafe": 422,
        "document_unreadable": 422,
        "unsupported_media_type": 415,
        "invalid_request": 422,
        "invalid_cursor": 422,
        "idempotency_key_reused": 422,
        "too_many_attempts": 429,
        "headers_too_large": 431,
        "altered_line": 500,
        "unexpected": 500,
        "overloaded": 503,
        "database_unavailable": 503,
        "vault_unavailable": 503,
        "identity_unavailable": 503,
        "not_ready": 503,
        "no_checkpoint_yet": 503,
        "past_not_ready": 503,
    }
)
"""One status per code, so that a code always answers alike."""


REFUSED: Final = 409
"""What a rule's refusal is, when its code has not been listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One field to correct: where it was sent, its name in our own schema, and a sentence."""

    where: str
    """`body`, `query` or `header`."""
    field: str
    """`reserve[0].day`; a name the schema does not know is written `*`."""
    code: str
    detail: str

    def content(self) -> dict[str, Any]:
        """The error as JSON says it."""
        return {"in": self.where, "field": self.field, "code": self.code, "detail": self.detail}


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleError:
    """One day, or one demande, a rule refused, with what a family needs in order to understand it."""

    code: str
    detail: str
    number: int | None = None
    """The demande that was to be decided."""
    day: date | None = None
    unit: str | None = None
    child: str | None = None
    action: str | None = None
    guardian: str | None = None
    """Somebody who may be chosen."""
    given_name: str | None = None
    """Of that guardian; added when the answer is sent, never kept."""
    units: tuple[str, ...] = ()
    """The other units of the day it is about: those it excludes, requires, or would leave alone."""
    deadline: datetime | None = None
    """The last instant it could be asked for. Aware, in UTC."""
    opens_at: datetime | None = None
    article: str | None = None

    def content(self) -> dict[str, Any]:
        """The error as JSON says it; what is not known is left out."""
        said = {
            "number": self.number,
            "child": self.child,
            "day": self.day,
            "unit": self.unit,
            "action": self.action,
            "guardian": self.guardian,
            "given_name": self.given_name,
            "units": self.units or None,
            "code": self.code,
            "title": french.title(self.code),
            "detail": self.detail,
            "deadline": self.deadline,
            "opens_at": self.opens_at,
            "article": self.article,
        }
        return {name: value for name, value in said.items() if value is not None}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal on its way to the client. The status and the title follow from the code."""

    def __init__(
        self,
        code: str,
        *,
        detail: str | None = None,
        article: str | None = None,
        errors: Sequence[FieldError | RuleError] = (),
        headers: Mapping[str, str] | None = None,
        correlation: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = STATUS.get(code, REFUSED)
        self.title = french.title(code)
        self.detail = detail or french.detail(code)
        self.article = article
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.correlation = correlation

    def content(self) -> dict[str, Any]:
        """The members of the problem document; those without a value are left out."""
        said: dict[str, Any] = {
            "type": URN + self.code,
            "status": self.status,
            "title": self.title,
            "detail": self.detail,
            "code": self.code,
            "article": self.article,
            "errors": [error.content() for error in self.errors] or None,
            "correlation": self.correlation,
        }
        return {name: value for name, value in said.items() if value is not None}

    def body(self) -> bytes:
        """The bytes of the problem document: what is sent, and what is stored beside an idempotency key."""
        return orjson.dumps(self.content(), option=orjson.OPT_UTC_Z)

    def answer(self) -> Response:
        """The problem as an HTTP response."""
        return Response(self.body(), self.status, self.headers, CONTENT_TYPE)


def not_found() -> Problem:
    """What a stranger reads, whether the thing does not exist or is not theirs: the same bytes."""
    return Problem("not_found")


def invalid_field(where: str, field: str, kind: str) -> Problem:
    """A request with one wrong field, named as our schema names it; `kind` is a key of `FIELD_SENTENCES`."""
    code, sentence = field_sentence(kind)
    return Problem("invalid_request", errors=(FieldError(where=where, field=field, code=code, detail=sentence),))


def retry_later(code: str, *, seconds: int) -> Problem:
    """A refusal that will pass: the client is told when to come back."""
    return Problem(code, headers={"Retry-After": str(seconds)})
