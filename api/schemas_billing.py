"""What the régie's months, titres and lines look like, for /openapi.json; the tests hold what orjson dumped to it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText, Month, SlugText
from api.schemas import Count, VersionText, exact
from api.schemas_prices import (
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
class DraftError(TypedDict):
    """Why a draft could not be worked out."""

    code: str
    detail: str
    for_operator: Annotated[str, Field(description="La phrase de l'exploitant, en anglais.")]


@exact
class MonthKnown(TypedDict):
    """A month: how far it is, and what it comes to, of its draft or of its titres."""

    month: Month
    state: State
    state_label: str
    position: Annotated[int | None, Field(description="La position scellée du projet, ou de la clôture.")]
    asked_at: datetime | None
    ended_at: datetime | None
    households: Annotated[Count | None, Field(description="Foyers du projet ; null quand ce n'est pas dit ici.")]
    households_done: Count | None
    error: Annotated[DraftError | None, Field(description="Pourquoi le projet n'a pas abouti.")]
    digest: HexDigest | None
    titres: Count
    issued: Annotated[int, Field(ge=0, description="Titres émis jusqu'ici.")]
    first_number: TitreText | None
    lines: Annotated[Count | None, Field(description="null dans la liste des mois, pour un mois clôturé.")]
    total_cents: Cents
    by_nature: Annotated[list[OfNature] | None, Field(description="null comme `lines`.")]
    by_code: Annotated[list[OfCode] | None, Field(description="null comme `lines`.")]
    regularised_cents: Annotated[int | None, Field(description="null comme `lines`.")]
    missing: Annotated[list[Counted], Field(description="Jours qui ne peuvent pas encore être facturés.")]
    meanwhile: Annotated[
        list[Counted], Field(description="Jours à décider ou à vérifier, qui n'empêchent pas de clôturer.")
    ]
    left_out: Annotated[int, Field(ge=0, description="Jours laissés de côté à la clôture.")]
    issued_on: date | None
    due_on: date | None
    closed_at: datetime | None


@exact
class Months(TypedDict):
    """Months in the order of the calendar."""

    months: list[MonthKnown]


@exact
class DraftUnderWay(TypedDict):
    """A draft is under way."""

    month: Month
    state: Literal["drafting"]
    state_label: str
    asked_at: datetime


@exact
class Closing(TypedDict):
    """A month is closed; `closing` while its titres are being issued."""

    month: Month
    state: Literal["closing", "closed"]
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
class CorrectedBy(TypedDict):
    """A line of a later titre that corrects this one, and what it comes to for these days."""

    titre: TitreText
    line: Line
    quantity: int
    amount_cents: Cents
    days: list[date]


@exact
class TitreLine(InvoiceLine):
    """A line of a titre, and what corrected it since."""

    corrected_by: list[CorrectedBy]


@exact
class Titre(TitreKnown):
    """The same, line by line."""

    lines: list[TitreLine]  # type: ignore[misc]


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
