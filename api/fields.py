"""The types a body or a query may be made of: strict, bounded, and refused with a French sentence of their own."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from ledger.identifiers import SLUG

DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
PLUS_LOST: Final = re.compile(r" (?=\d{2}:\d{2}$)", re.ASCII)
MONTH: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
WEEK: Final = re.compile(r"\d{4}-W(?:0[1-9]|[1-4]\d|5[0-3])", re.ASCII)
DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
VISIBLE: Final = r"^[!-~]+$"
"""Visible ASCII without a space: how accounts, keys and the files of other systems name things."""
REFERENCE: Final = r"^[A-Za-z0-9][A-Za-z0-9/._-]{0,63}$"
"""How an archive service numbers what it agrees to."""
MAX_NUMBER: Final = 2**53 - 1
YEARS: Final = range(1900, 2200)
"""Years a family portal may speak of; it keeps arithmetic on days away from the ends of the calendar."""


class StrictModel(BaseModel):
    """A body or a part of one: no unknown field, no conversion between types, and nothing changes it afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Refuse bare `date` and `datetime`, which would read "1711497600" as a day: write `Day` and `Instant`."""
        for name, field in cls.model_fields.items():
            bare = _bare(field.annotation) - ({field.annotation} if field.metadata else set())
            assert not bare, f"{cls.__name__}.{name}: write Day or Instant, not {bare}"


def _bare(annotation: Any) -> set[Any]:
    if annotation in (date, datetime):
        return {annotation}
    if hasattr(annotation, "__metadata__"):
        return set()
    return {found for inner in get_args(annotation) for found in _bare(inner)}


def _refused(kind: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "refused")


def read_day(value: Any) -> date:
    """An ISO day and nothing else: no instant, no number of seconds."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise _refused("day_expected")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise _refused("day_expected") from error
    if day.year not in YEARS:
        raise _refused("day_expected")
    return day


def read_instant(value: Any) -> datetime:
    """An RFC 3339 instant with its offset, as UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise _refused("instant_expected")
    # In the query of an address a + that was not encoded is a space: nothing else can be meant where an offset begins.
    meant = PLUS_LOST.sub("+", value)
    if not INSTANT.fullmatch(meant):
        raise _refused("instant_expected")
    try:
        instant = datetime.fromisoformat(meant.upper())
    except ValueError as error:
        raise _refused("instant_expected") from error
    if instant.year not in YEARS:
        raise _refused("instant_expected")
    return instant.astimezone(UTC)


def read_slug(value: str) -> str:
    """A word a town chose, such as `alsh-mercredis`."""
    if SLUG.fullmatch(value) is None:
        raise _refused("slug_expected")
    return value


def read_id(value: str) -> str:
    """An identifier as the ledger writes them: a lower-case UUID."""
    try:
        sound = str(UUID(value)) == value
    except ValueError:
        sound = False
    if not sound:
        raise _refused("id_expected")
    return value


def read_month(value: str) -> str:
    """A calendar month, `2024-03`."""
    if not MONTH.fullmatch(value) or int(value[:4]) not in YEARS:
        raise _refused("month_expected")
    return value


def read_week(value: str) -> str:
    """A week of the ISO calendar, `2024-W13`; week 53 only in the years that have one."""
    if not WEEK.fullmatch(value) or int(value[:4]) not in YEARS:
        raise _refused("week_expected")
    try:
        date.fromisocalendar(int(value[:4]), int(value[6:]), 1)
    except ValueError as error:
        raise _refused("week_expected") from error
    return value


def read_digits(value: Any) -> int:
    """A whole number in plain digits: no sign, no leading zero, no space, no decimal point."""
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not DIGITS.fullmatch(value):
        raise _refused("int_parsing")
    return int(value)


def _said(kind: str, example: Any, **facts: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, **facts, "examples": [example]})


Day = Annotated[date, BeforeValidator(read_day), _said("string", "2024-03-27", format="date")]
Instant = Annotated[
    datetime, BeforeValidator(read_instant), _said("string", "2024-03-07T18:30:00Z", format="date-time")
]
Month = Annotated[str, AfterValidator(read_month), _said("string", "2024-03", pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Week = Annotated[
    str, AfterValidator(read_week), _said("string", "2024-W13", pattern=r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$")
]
SlugText = Annotated[
    str,
    AfterValidator(read_slug),
    _said("string", "alsh-mercredis", pattern=r"^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$", maxLength=48),
]
IdText = Annotated[str, AfterValidator(read_id), _said("string", "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b", format="uuid")]
SubjectText = Annotated[str, Field(min_length=1, max_length=255, pattern=VISIBLE, examples=["idp|parent-0001"])]
"""The `sub` of the identity provider, where it is sent: pseudonymous, never an e-mail address."""
AgreementText = Annotated[str, Field(pattern=REFERENCE, examples=["AD78-2026/12"])]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
"""From Monday to Sunday."""
Number = Annotated[int, Field(ge=1, le=MAX_NUMBER)]
"""A number a family reads, in a body: a demande, a titre."""
NumberText = Annotated[int, BeforeValidator(read_digits), Field(ge=1, le=MAX_NUMBER)]
"""The same in a path or a query, where every value is a text."""
