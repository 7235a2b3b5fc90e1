"""What a price looks like, for /openapi.json alone; the tests hold what orjson dumped to it."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText, SlugText
from api.schemas import Demande, Refusal, VersionText, exact
from ledger.events import Basis, Nature, QuotientSource, StepKind
from rulebook.dues import Missing

Cents = Annotated[int, Field(ge=-(2**53), le=2**53)]
Line = Annotated[int, Field(ge=1)]


@exact
class QuotientPriced(TypedDict):
    """The quotient a price was worked out with; of one that was only supposed, nothing but its amount."""

    amount_cents: Annotated[int, Field(ge=0)]
    source: QuotientSource | None
    source_label: str | None
    first_day: date | None
    line: Annotated[int | None, Field(description="La ligne de la page du foyer qui le dit.")]
    supposed: bool


@exact
class DayOfLine(TypedDict):
    """A day a line counts."""

    day: date
    quantity: int
    basis: Basis
    basis_label: str


@exact
class ArithmeticStep(TypedDict):
    """A step of the arithmetic of a unit price; what is told with the article or the quotient has no sentence."""

    kind: StepKind
    value: str
    sentence: str | None


@exact
class PricedLine(TypedDict):
    """A line as an invoice would have it."""

    child: IdText | None
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
    quotient: QuotientPriced | None
    days: list[DayOfLine]
    arithmetic: list[ArithmeticStep]
    sentences: list[str]


@exact
class MissingShown(TypedDict):
    """A day no price can be told of, and why."""

    child: NotRequired[IdText]
    activity: SlugText
    unit: SlugText
    day: date
    why: Missing
    why_label: str
    article: str | None


@exact
class FreeDay(TypedDict):
    """A day that costs nothing."""

    day: date
    unit: SlugText


@exact
class Price(TypedDict):
    """What days come to; it is not `complete` where a price is missing."""

    total_cents: Cents
    complete: bool
    lines: list[PricedLine]
    elsewhere: Annotated[
        list[PricedLine],
        Field(description="Ce qu'une demande change d'autres jours, ou des frères et sœurs ; compris dans le total."),
    ]
    missing: list[MissingShown]
    free: list[FreeDay]
    sentences: list[str]


@exact
class PriceAbsent(TypedDict):
    """Why there is no price at all."""

    code: Literal["no_tariffs"]
    detail: str


@exact
class Priced(TypedDict):
    """What days would cost, and the days that cannot be had."""

    price: Price | None
    price_absent: PriceAbsent | None
    left_out: list[Refusal]


@exact
class Simulated(Priced):
    """The same, for nobody in particular."""


@exact
class Foreseen(Demande):
    """A demande that was not submitted: it has no number. Its price is what it adds to the bills, or takes off."""

    number: None  # type: ignore[misc]
    price: Price | None
    price_absent: PriceAbsent | None


@exact
class Previewed(TypedDict):
    """What a submission would come to."""

    possible: bool
    demandes: list[Foreseen]
    errors: list[Refusal]


_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
EXAMPLE_LINE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "child": _CHILD,
        "activity": "restauration-scolaire",
        "unit": "repas",
        "nature": "meal",
        "nature_label": "Repas",
        "label": "Restauration scolaire",
        "unit_price_cents": 327,
        "quantity": 2,
        "amount_cents": 654,
        "rulebook": "2022-09",
        "article": "7.1",
        "code": "7067",
        "quotient": {
            "amount_cents": 65_000,
            "source": "caf",
            "source_label": "CAF",
            "first_day": "2022-09-01",
            "line": 4,
            "supposed": False,
        },
        "days": [
            {"day": "2022-10-03", "quantity": 1, "basis": "present", "basis_label": "Réservé, et présent"},
            {"day": "2022-10-04", "quantity": 1, "basis": "present", "basis_label": "Réservé, et présent"},
        ],
        "arithmetic": [
            {"kind": "tariff", "value": "restauration-scolaire", "sentence": None},
            {"kind": "quotient", "value": "650", "sentence": "Quotient retenu : 650 €."},
            {"kind": "bracket", "value": "600", "sentence": "Tranche à partir de 600 €."},
            {"kind": "price", "value": "3.27", "sentence": "Prix : 3,27 €."},
        ],
        "sentences": [
            "Restauration scolaire, repas : 2 × 3,27 € = 6,54 €.",
            "Jours : des lundi 3 et mardi 4 octobre 2022.",
            "Quotient familial : 650 € (CAF), valable depuis le 1er septembre 2022.",
            "Tranche à partir de 600 €.",
            "Prix : 3,27 €.",
            "Tarif « Restauration scolaire » : article 7.1 du règlement 2022-09.",
        ],
    }
)
EXAMPLE_PRICE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "total_cents": 654,
        "complete": True,
        "lines": [dict(EXAMPLE_LINE)],
        "elsewhere": [],
        "missing": [],
        "free": [],
        "sentences": [*EXAMPLE_LINE["sentences"], "Total : 6,54 €."],
    }
)
_PRICED: Final[dict[str, Any]] = {"price": dict(EXAMPLE_PRICE), "price_absent": None, "left_out": []}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Priced: _PRICED,
        Simulated: {
            **_PRICED,
            "price": {**EXAMPLE_PRICE, "lines": [{**EXAMPLE_LINE, "child": None}]},
        },
    }
)
