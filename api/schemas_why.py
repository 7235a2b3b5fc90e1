"""What the reasons of a line of a titre look like, for /openapi.json."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText
from api.schemas import AccountText, exact
from api.schemas_billing import BilledDay, CorrectedBy, TitreLine, TitreText
from api.schemas_prices import Line, QuotientPriced


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
    corrected_by: list[CorrectedBy]
    sentence: str


@exact
class WhyGroup(TypedDict):
    """Days that read the same, told once."""

    days: list[date]
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
class Why(TitreLine):
    """A line of an invoice and all that it rests on."""

    titre: TitreText  # type: ignore[misc]
    quotient: WhyQuotient | None  # type: ignore[misc]
    days: list[WhyDay]  # type: ignore[misc]
    causes: list[WhyCause]  # type: ignore[misc]
    grouped: list[WhyGroup]
    sentences: list[str]
    in_short: Annotated[list[str], Field(description="Les mêmes phrases, les jours qui se lisent pareil ensemble.")]
