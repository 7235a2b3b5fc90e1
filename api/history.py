"""The history of demandes: what was asked, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Depends, Query
from starlette.concurrency import run_in_threadpool

from api import french, openapi, schemas
from api.answers import JSONAnswer
from api.cursors import Page, PageAsked, read_place
from api.door import doors
from api.fields import Day, IdText, NumberText, SlugText, read_instant
from api.french_formalities import KINDS
from api.known_at import RIGHTS, Asked, Known
from api.office import AtInstant, Office
from api.problems import not_found
from api.sealing import AtVault
from ledger.demande import DemandeKind
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId, ProposalId, Slug, Stream
from ledger.streams import child_page, household_page
from projections import demandes as history
from projections import pages_of
from projections.question import Question
from vault.people import Vault

router = doors("demandes")

Status = Literal["en_cours", "traitee_positivement", "traitee_negativement", "retiree"]


def rendered(row: Mapping[str, Any], *, staff: bool) -> dict[str, Any]:
    """A demande as every answer shows it; to the town's staff, with the household that asked about a child."""
    days: Sequence[Mapping[str, Any]] = row["days"]
    wanted: Mapping[str, Any] | None = row["wanted"]
    outcomes = {day["outcome"] for day in days}
    return {
        "number": row["number"] if row["number"] > 0 else None,
        "kind": row["kind"],
        "kind_label": KINDS[row["kind"]],
        "status": row["status"],
        "status_label": french.status_label(row["status"]),
        "child": row["child"],
        "household": row["household"] if staff or row["child"] is None else None,
        "activity": row["activity"],
        "origin": row["origin"],
        "submitted_at": row["submitted_at"],
        "decided_at": row["decided_at"],
        "partial": "approved" in outcomes and len(outcomes) > 1,
        "derogation": row["derogation"],
        "reason": row["reason"],
        "document": row["document"],
        "refusal": row["refusal"],
        "documents": row["documents"],
        "wanted": wanted and {name: value for name, value in wanted.items() if name != "proposal"},
        "proposed": None,
        "rulebook": days[0]["rulebook"] if days else None,
        "days": days,
    }


async def _wanted(
    child: IdText | None = None,
    household: IdText | None = None,
    status: Status | None = None,
    kind: DemandeKind | None = None,
    activity: SlugText | None = None,
    first: Annotated[Day | None, Query(alias="from", description="Premier jour demandé, inclus.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Dernier jour demandé, inclus.")] = None,
) -> history.Filter:
    return history.Filter(
        child=ChildId(child) if child else None,
        household=HouseholdId(household) if household else None,
        status=status,
        kind=kind,
        activity=Slug(activity) if activity else None,
        first_day=first,
        last_day=last,
    )


@router.get(
    "/demandes",
    summary="L'historique des demandes",
    responses=openapi.answered(200, schemas.DemandeList),
)
async def listed(
    at: AtInstant,
    page: PageAsked,
    wanted: Annotated[history.Filter, Depends(_wanted)],
    order: Annotated[Literal["newest", "oldest"], Query(description="`oldest` pour une file à instruire.")] = "newest",
) -> JSONAnswer:
    """A guardian reads the demandes of the children they answer for; the town's staff, everybody's."""
    which = replace(wanted, subject=at.caller.subject) if at.caller.role == "guardian" else wanted
    known = at.known(_pages(at, which), present=RIGHTS)
    which = replace(which, theirs=await _theirs(at, known))
    question = history.history(at.commune, which, order=order, after=_after(page, order), limit=page.limit + 1)
    [rows] = await known.ask(at.commune, question)
    shown, following = page.part(
        f"demandes-{order}", rows, lambda row: (row["submitted_at"].isoformat(), row["number"])
    )
    at.saw(*(seen for row in shown for seen in of_whom(row)))
    said = [rendered(row, staff=at.only_for is None) for row in shown]
    return JSONAnswer({"demandes": said, "next": following})


def _pages(at: Office, which: history.Filter) -> Question | list[Stream] | None:
    """The pages the demandes asked for stand on; None for those of the whole town."""
    if which.subject is not None:
        return pages_of.account(at.commune, which.subject)
    if which.child is not None:
        return [child_page(at.commune, which.child)]
    return None if which.household is None else pages_of.families(at.commune, [which.household])


async def _theirs(at: Office, known: Asked) -> list[ChildId] | None:
    """The children that were a guardian's already at the instant asked about; None where nobody is left out.

    What stood on the page of a child before it came to their household is nothing to them, whatever is asked.
    """
    if at.only_for is None or not isinstance(known, Known):
        return None
    return await known.children_of(at.commune, at.only_for)


def of_whom(row: Mapping[str, Any]) -> list[str]:
    """Whom a demande says something of: the household that asked, so that the other one is not told, and the child."""
    return [seen for seen in (row["household"], row["child"]) if seen]


def _after(page: Page, order: str) -> history.Place | None:
    place = page.after(f"demandes-{order}", (str, int))
    if place is None:
        return None
    at, number = place
    return history.Place(submitted_at=read_place(read_instant, at), number=DemandeNumber(int(number)))


async def found(at: Office, number: int) -> tuple[dict[str, Any], int]:
    """The row of a demande the caller may see, and the version of the page it stands on; not found otherwise."""
    wanted = DemandeNumber(number)
    known = at.known(pages_of.demande(at.commune, wanted), present=RIGHTS)
    rows, [page] = await known.ask(
        at.commune,
        history.one(at.commune, wanted, subject=at.only_for, theirs=await _theirs(at, known)),
        history.page_version(at.commune, wanted),
    )
    if not rows:
        raise not_found()
    at.saw(*of_whom(rows[0]))
    at.stands_apart(custody=page["custody"])
    return rows[0], page["version"]


class Owner(NamedTuple):
    """On whose page a demande stands: a child's, or a household's."""

    child: ChildId | None
    household: HouseholdId | None
    page: Stream


def owner_of(commune: Commune, row: Mapping[str, Any]) -> Owner:
    """The owner of a demande that was found."""
    if row["child"] is not None:
        child = ChildId(row["child"])
        return Owner(child, None, child_page(commune, child))
    household = HouseholdId(row["household"])
    return Owner(None, household, household_page(commune, household))


@router.get(
    "/demandes/{number:digits}",
    summary="Une demande",
    responses=openapi.answered(200, schemas.Demande, etag=True),
)
async def one(number: NumberText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """One demande under its number, with the values it proposes while it waits."""
    row, version = await found(at, number)
    proposed = await _proposed(at, vault, row)
    return at.tagged({**rendered(row, staff=at.only_for is None), "proposed": proposed}, version=version)


async def _proposed(at: Office, vault: Vault, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What waits in the vault, for those who asked and those who decide; it has no past."""
    waits = row["status"] == "en_cours" and row["wanted"] is not None and "proposal" in row["wanted"]
    if not waits or at.as_of is not None or at.caller.role not in ("guardian", "agent"):
        return None
    found = await run_in_threadpool(vault.proposal, at.commune, ProposalId(row["wanted"]["proposal"]))
    at.saw(*(each.person for each in found))
    return {each.kind: each.value for each in found} or None
