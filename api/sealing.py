"""What resources that touch the vault share: keys of people, what a command seals, what an answer opens."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.asking import Rows
from api.detail_bodies import IdentityAsked, value_of
from api.fields import StrictModel
from api.french_erasure import IDENTITY, name_of
from api.office import Counter, Office
from api.once import AnsweredBefore, answer_under
from api.problems import Problem, invalid_field
from commands.keep_details import SealedDetails
from commands.town_days import PARIS
from ledger.days import local_day
from ledger.identifiers import ChildId, Commune, PersonId
from ledger.sealed import DetailsKind
from ledger.store import Answer, ErasedError
from projections.question import Question
from vault.people import PEOPLE, Details, Erased, Vault
from vault.sealing import PersonKey, canonical

_GIVEN: Final = UUID("0d6d3b0e-8d0c-4d2f-9a55-3f0c6d1f7b1e")
UNNAMED: Final = frozenset({"auditor", "billing"})
"""Roles that see identifiers only."""


async def vault_of(request: Request) -> Vault:
    """The vault of this service."""
    vault: Vault = request.app.state.vault
    return vault


AtVault = Annotated[Vault, Depends(vault_of)]


async def key_of(at: Counter, vault: Vault, person: PersonId, *, forgotten: str = "not_found") -> PersonKey:
    """The key of a person. `forgotten` is the code of the problem raised for somebody who was.

    A command that was answered before keeps its answer: raises AnsweredBefore. What it was asked with is not compared,
    since the fingerprint it was kept with went with the key.
    """
    office = at.office
    try:
        return await run_in_threadpool(vault.key_of, office.commune, person, office.now)
    except ErasedError as erased:
        [rows] = await office.reader.ask(office.commune, answer_under(office.caller, at.key.key))
        for row in rows:
            answer = Answer(status=row["status"], headers=row["headers"], body=bytes(row["body"]))
            raise AnsweredBefore(answer) from erased
        raise Problem(forgotten) from erased


def unguessable(at: Counter, key: PersonKey) -> Counter:
    """The counter with a fingerprint nobody can make again without the key: a name is soon guessed from its digest."""
    return replace(at, key=replace(at.key, fingerprint=key.fingerprint(at.key.fingerprint)))


async def known_of(at: Office, vault: Vault, person: PersonId, *kinds: DetailsKind) -> Details | Erased:
    """What is known of one person."""
    found = await run_in_threadpool(vault.people, at.commune, [person], kinds=kinds)
    return found[person]


def sealed(key: PersonKey, kind: DetailsKind, value: Any) -> SealedDetails:
    """A value as a command carries it."""
    return SealedDetails(
        person=key.person, kind=kind, digest=key.digest(kind, value), sealed=key.seal(kind, canonical(value))
    )


def given_id(at: Counter) -> str:
    """The identifier of whom a command makes known: the same each time the command is sent again, as is their key."""
    caller = at.office.caller
    return str(uuid5(_GIVEN, f"{caller.commune}\0{caller.client}\0{caller.subject}\0{at.key.key}"))


async def sealed_by(
    at: Counter, vault: Vault, person: str, said: Mapping[DetailsKind, StrictModel | None]
) -> tuple[Counter, list[SealedDetails]]:
    """What is said of somebody, sealed, and the counter to hand it in at."""
    told = {kind: asked for kind, asked in said.items() if asked is not None}
    identity = told.get("identity")
    if isinstance(identity, IdentityAsked):
        refuse_unborn(at.office, identity, "identity.birth_date")
    if not told:
        return at, []
    key = await key_of(at, vault, PersonId(person))
    return unguessable(at, key), [sealed(key, kind, value_of(asked)) for kind, asked in told.items()]


def refuse_unborn(at: Office, identity: IdentityAsked, field: str) -> None:
    """Nobody was born tomorrow."""
    if identity.birth_date and identity.birth_date > local_day(at.now, PARIS):
        raise invalid_field("body", field, "in_the_future")


async def identities(at: Office, vault: Vault, persons: Iterable[str]) -> dict[str, Any]:
    """Who these people are, for those who may know; somebody of whom nothing is known is left out.

    Of somebody forgotten there is the word for it. Names have no past: an answer about it holds none.
    """
    wanted = [PersonId(person) for person in persons]
    at.saw(*wanted)
    if at.caller.role in UNNAMED or at.as_of is not None or not wanted:
        return {}
    found = await run_in_threadpool(vault.people, at.commune, wanted, kinds=["identity"])
    return {
        person: dict(IDENTITY) if isinstance(known, Erased) else known["identity"]
        for person, known in found.items()
        if isinstance(known, Erased) or "identity" in known
    }


def identity_of(commune: Commune, child: ChildId) -> Question:
    """Who a child is, to be asked in the same round trip as the rest."""
    return Question(sql=PEOPLE, values={"commune": commune, "persons": [child], "kinds": ["identity"]})


def child_name(at: Office, vault: Vault, child: ChildId, rows: Rows, *, erased: bool) -> str | None:
    """The name those rows hold, for those who may know it; the word for a child who was forgotten.

    Names have no past: an answer about it holds none.
    """
    person = PersonId(child)
    known = vault.opened(at.commune, [person], rows)[person]
    hidden = at.caller.role in UNNAMED or at.as_of is not None or isinstance(known, Erased)
    told = None if hidden or isinstance(known, Erased) else known.get("identity")
    return name_of(told, erased=erased)
