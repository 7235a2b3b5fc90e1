"""What the régie's months, titres and lines look like, for /openapi.json; the tests hold what orjson dumped to it."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText, Month, SlugText
from api.schemas import AccountText, Count, VersionText, exact
from api.schemas_prices import (
    EXAMPLE_LINE,
    ArithmeticStep,
    Cents,
    DayOfLine,
    Line,
    MissingShown,
    QuotientPriced,
)
from ledger.events import Nature
from rulebook.dues import Missing

State = Literal["open", "drafting", "draft", "closing", "closed"]
TitreText = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{6,9}$", examples=["2022-000017"])]
HexDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@exact
class OfNature(TypedDict):
    """What lines of a nature come to."""

    nature: Nature
    nature_label: str
    amount_cents: Cents


@exact
class OfCode(TypedDict):
    """What is booked under an account; the empty code is that of lines the rulebook gives none."""

    code: str
    amount_cents: Cents


@exact
class Counted(TypedDict):
    """How many days, and why."""

    why: Missing
    why_label: str
    days: Count


@exact
class MonthKnown(TypedDict):
    """A month: how far it is, and what it comes to, of its draft or of its titres."""

    month: Month
    state: State
    state_label: str
    position: Annotated[int | None, Field(description="La position scellée du projet, ou de la clôture.")]
    asked_at: datetime | None
    ended_at: datetime | None
    households: Count
    households_done: Count
    error: Annotated[str | None, Field(description="Pourquoi le projet n'a pas abouti, en anglais, pour l'exploitant.")]
    digest: HexDigest | None
    titres: Count
    issued: Annotated[int, Field(ge=0, description="Titres émis jusqu'ici.")]
    first_number: TitreText | None
    lines: Count
    total_cents: Cents
    by_nature: list[OfNature]
    by_code: list[OfCode]
    regularised_cents: Cents
    missing: Annotated[list[Counted], Field(description="Jours qui ne peuvent pas encore être facturés.")]
    meanwhile: Annotated[list[Counted], Field(description="Jours facturés en attendant une décision.")]
    left_out: Annotated[int, Field(ge=0, description="Jours laissés de côté à la clôture.")]
    issued_on: date | None
    due_on: date | None
    closed_at: datetime | None


@exact
class Months(TypedDict):
    """Months in the order of the calendar."""

    months: list[MonthKnown]


@exact
class DraftAsked(TypedDict):
    """A draft is under way."""

    month: Month
    state: Literal["drafting"]
    state_label: str
    asked_at: datetime


@exact
class Closing(TypedDict):
    """A month is closed, and its titres are being issued."""

    month: Month
    state: Literal["closing"]
    state_label: str
    position: Count


@exact
class MissingDay(MissingShown):
    """The same, and whether the day is billed meanwhile."""

    billed: bool


@exact
class MissingOfHousehold(TypedDict):
    """What is missing of a household."""

    household: IdText
    days: list[MissingDay]


@exact
class MissingDays(TypedDict):
    """A page of what is missing; `next` is the cursor of the page after it."""

    month: Month
    households: list[MissingOfHousehold]
    next: str | None


@exact
class BilledDay(DayOfLine):
    """A day a line counts, and the lines of the child's page it rests on."""

    lines: list[Line]


@exact
class CauseShown(TypedDict):
    """What changed since the month was closed: a line of a page."""

    page: Literal["child", "household", "town"]
    of: IdText | None
    line: Line


@exact
class InvoiceLine(TypedDict):
    """A line of a titre, or of a draft when it has none."""

    titre: TitreText | None
    line: Line
    household: IdText
    child: IdText
    activity: SlugText
    unit: SlugText
    nature: Nature
    nature_label: str
    label: str
    unit_price_cents: Cents
    quantity: int
    amount_cents: Cents
    rulebook: VersionText
    article: str
    code: str
    regularises: Annotated[Month | None, Field(description="Le mois clôturé que la ligne corrige.")]
    quotient: QuotientPriced | None
    days: list[BilledDay]
    causes: list[CauseShown]
    arithmetic: list[ArithmeticStep]


@exact
class Lines(TypedDict):
    """A page of the lines of a month."""

    month: Month
    lines: list[InvoiceLine]
    next: str | None


@exact
class TitreKnown(TypedDict):
    """What a household owes under a number. A total below zero is a credit."""

    titre: TitreText
    household: IdText
    month: Month
    total_cents: Cents
    position: Count
    issued_on: date
    due_on: date
    issued_at: datetime
    lines: Count


@exact
class Titre(TypedDict):
    """The same, line by line."""

    titre: TitreText
    household: IdText
    month: Month
    total_cents: Cents
    position: Count
    issued_on: date
    due_on: date
    issued_at: datetime
    lines: list[InvoiceLine]


@exact
class Titres(TypedDict):
    """A page of the titres of a month."""

    titres: list[TitreKnown]
    next: str | None


@exact
class TitresOfHousehold(TypedDict):
    """The titres of a household."""

    household: IdText
    titres: list[TitreKnown]


@exact
class RestingOn(TypedDict):
    """What was billed because of a line of a child's page."""

    child: IdText
    line: Line
    invoice_lines: list[InvoiceLine]


@exact
class EntryOfWhy(TypedDict):
    """A line of the ledger: which, who wrote it, when. No account is told to a family."""

    page: Literal["child", "household", "town"]
    line: Line
    position: Annotated[int | None, Field(description="Dans l'ordre scellé de la commune.")]
    type: str
    role: str
    role_label: str
    actor: AccountText | None
    happened_at: datetime
    recorded_at: datetime


@exact
class EntryOfDay(EntryOfWhy):
    """The same, of a day: the demande it opened, and what it says."""

    demande: int | None
    sentence: str | None


@exact
class WhyDay(BilledDay):
    """A day with its facts and its sentence."""

    entries: list[EntryOfDay]
    sentence: str


@exact
class WhyQuotient(QuotientPriced):
    """The quotient, and the line of the household's page that says it."""

    entry: EntryOfWhy | None


@exact
class WhyCause(EntryOfWhy):
    """What changed since the month was closed, in words."""

    of: IdText | None
    sentence: str


@exact
class Why(TypedDict):
    """A line of an invoice and all that it rests on."""

    titre: TitreText
    line: Line
    household: IdText
    child: IdText
    activity: SlugText
    unit: SlugText
    nature: Nature
    nature_label: str
    label: str
    unit_price_cents: Cents
    quantity: int
    amount_cents: Cents
    rulebook: VersionText
    article: str
    code: str
    regularises: Month | None
    quotient: WhyQuotient | None
    days: list[WhyDay]
    causes: list[WhyCause]
    arithmetic: list[ArithmeticStep]
    sentences: list[str]


# Examples -----------------------------------------------------------------------------------------------------------

_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_BY: Final = {"nature": "meal", "nature_label": "Repas", "amount_cents": 5_511}
_CLOSED: Final = {
    "month": "2022-09",
    "state": "closed",
    "state_label": "Clôturé",
    "position": 18_342,
    "asked_at": None,
    "ended_at": None,
    "households": 0,
    "households_done": 0,
    "error": None,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "titres": 1,
    "issued": 1,
    "first_number": "2022-000017",
    "lines": 1,
    "total_cents": 5_511,
    "by_nature": [_BY],
    "by_code": [{"code": "7067", "amount_cents": 5_511}],
    "regularised_cents": 0,
    "missing": [],
    "meanwhile": [],
    "left_out": 0,
    "issued_on": "2022-10-03",
    "due_on": "2022-11-02",
    "closed_at": "2022-10-03T08:00:00Z",
}
_DRAFT: Final = {
    **_CLOSED,
    "month": "2022-10",
    "state": "draft",
    "state_label": "Projet de facturation",
    "asked_at": "2022-11-02T08:00:00Z",
    "ended_at": "2022-11-02T08:00:04Z",
    "households": 212,
    "households_done": 212,
    "issued": 0,
    "first_number": None,
    "missing": [{"why": "attendance", "why_label": "Présence à noter", "days": 3}],
    "issued_on": None,
    "due_on": None,
    "closed_at": None,
}
_LINE: Final = {
    **{name: value for name, value in EXAMPLE_LINE.items() if name != "sentences"},
    "titre": "2022-000017",
    "line": 1,
    "household": _HOUSEHOLD,
    "quantity": 1,
    "amount_cents": 327,
    "days": [{**EXAMPLE_LINE["days"][0], "lines": [5, 6, 9]}],
    "regularises": None,
    "causes": [],
}
_TITRE: Final = {
    "titre": "2022-000017",
    "household": _HOUSEHOLD,
    "month": "2022-10",
    "total_cents": 327,
    "position": 18_342,
    "issued_on": "2022-11-03",
    "due_on": "2022-12-03",
    "issued_at": "2022-11-03T08:00:00Z",
    "lines": 1,
}
_ENTRY: Final = {
    "page": "child",
    "line": 5,
    "position": 17_004,
    "type": "reservation_requested.v1",
    "role": "guardian",
    "role_label": "Responsable",
    "actor": None,
    "happened_at": "2022-09-24T16:05:00Z",
    "recorded_at": "2022-09-24T16:05:00Z",
}
_ASKED: Final = "Réservé le 24 septembre 2022 à 18 h 05 par vous (demande n° 12)."
_MISSING: Final = {
    "child": EXAMPLE_LINE["child"],
    "activity": "restauration-scolaire",
    "unit": "repas",
    "day": "2022-10-03",
    "why": "attendance",
    "why_label": "Présence à noter",
    "article": "7",
    "billed": False,
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Months: {"months": [_CLOSED, _DRAFT]},
        MonthKnown: _CLOSED,
        DraftAsked: {
            "month": "2022-10",
            "state": "drafting",
            "state_label": "Projet en préparation",
            "asked_at": "2022-11-02T08:00:00Z",
        },
        Closing: {
            "month": "2022-10",
            "state": "closing",
            "state_label": "Clôturé, titres en cours d'émission",
            "position": 18_342,
        },
        MissingDays: {
            "month": "2022-10",
            "households": [{"household": _HOUSEHOLD, "days": [_MISSING]}],
            "next": None,
        },
        Lines: {"month": "2022-10", "lines": [_LINE], "next": None},
        Titre: {**_TITRE, "lines": [_LINE]},
        Titres: {"titres": [_TITRE], "next": None},
        TitresOfHousehold: {"household": _HOUSEHOLD, "titres": [_TITRE]},
        RestingOn: {"child": EXAMPLE_LINE["child"], "line": 5, "invoice_lines": [_LINE]},
        Why: {
            **_LINE,
            "quotient": {
                **EXAMPLE_LINE["quotient"],
                "entry": {
                    **_ENTRY,
                    "page": "household",
                    "line": 4,
                    "role": "agent",
                    "role_label": "Agent de la commune",
                },
            },
            "days": [
                {
                    **EXAMPLE_LINE["days"][0],
                    "lines": [5],
                    "entries": [{**_ENTRY, "demande": 12, "sentence": _ASKED}],
                    "sentence": f"Lundi 3 octobre 2022 : 1 repas à 3,27 €. {_ASKED}",
                }
            ],
            "sentences": [*EXAMPLE_LINE["sentences"]],
        },
    }
)
