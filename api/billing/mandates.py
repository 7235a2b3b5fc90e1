"""Mandates of direct debit: recorded with the account they are about, which the vault keeps and no answer shows."""

from typing import Any, Final

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import openapi
from api.answers import JSONAnswer
from api.billing import schemas_payments
from api.billing.payers import payer_of
from api.billing.payment_bodies import MandateAsked
from api.door import doors
from api.fields import IdText
from api.households import of_household, somebody_of
from api.office import AtCounter, AtInstant, Office, Said
from api.sealing import AtVault, given_id, key_of, sealed, unguessable
from commands.execute import Result
from commands.revoke_mandate import RevokeMandate
from commands.sign_mandate import SignMandate
from ledger.events import MandateRevoked, MandateSigned
from ledger.identifiers import Commune, GuardianId, HouseholdId, MandateId, PersonId
from vault.people import Erased, Vault

router = doors("prélèvements")

_TOWN_LETTERS: Final = 14
_DRAWN_LETTERS: Final = 20
"""Eighty bits; with the town's letters and a hyphen, the 35 a bank allows."""


def reference(commune: Commune, drawn: str) -> MandateId:
    """The unique reference of a mandate (RUM), in the letters banks exchange."""
    town = commune.upper()[:_TOWN_LETTERS].rstrip("-")
    return MandateId(f"{town}-{drawn.replace('-', '').upper()[:_DRAWN_LETTERS]}")


@router.get(
    "/households/{household}/mandate",
    summary="Le mandat de prélèvement d'un foyer",
    responses=openapi.answered(200, schemas_payments.MandateOf),
)
async def mandate(household: IdText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """Of the account, its last four characters; an answer about the past holds none."""
    known = HouseholdId(household)
    await of_household(at, known)
    _, payer = await payer_of(at, known)
    signed = payer.mandate
    said = None if signed is None else await _said(at, vault, signed)
    return JSONAnswer({"household": household, "mandate": said})


async def _said(at: Office, vault: Vault, signed: MandateSigned) -> dict[str, Any]:
    person = PersonId(signed.guardian)
    at.saw(person)
    found = (await run_in_threadpool(vault.digested, at.commune, [person], "bank")).get(person)
    account, digest = (None, None) if found is None or isinstance(found, Erased) else found
    usable = digest == signed.digest
    return {
        "mandate": signed.mandate,
        "guardian": signed.guardian,
        "signed_on": signed.signed_on,
        "ends_with": account["iban"][-4:] if account is not None and usable and at.as_of is None else None,
        "usable": usable,
    }


@router.post(
    "/households/{household}/mandate",
    status_code=201,
    summary="Enregistrer un mandat de prélèvement",
    responses=openapi.answered(201, schemas_payments.MandateSigned)
    | openapi.documented("day_not_come", "mandate_lapsed", "person_erased"),
)
async def sign(household: IdText, asked: MandateAsked, at: AtCounter, vault: AtVault) -> Response:
    """What the family signed and handed in. It ends the mandate before it."""
    known, guardian = HouseholdId(household), GuardianId(asked.guardian)
    await somebody_of(at.office, known, PersonId(guardian))
    key = await key_of(at, vault, PersonId(guardian))
    command = SignMandate(
        household=known,
        guardian=guardian,
        mandate=reference(at.office.commune, given_id(at)),
        signed_on=asked.signed_on,
        account=sealed(key, "bank", {"iban": asked.iban, "holder": asked.holder}),
    )
    return await unguessable(at, key).run(command, _signed)


def _signed(result: Result) -> Said:
    fact = next(entry.fact for entry in result.prepared.entries if isinstance(entry.fact, MandateSigned))
    said = {"mandate": fact.mandate, "household": fact.household, "guardian": fact.guardian}
    return Said(status=201, content={**said, "signed_on": fact.signed_on})


@router.delete(
    "/households/{household}/mandate",
    summary="Mettre fin au mandat de prélèvement",
    responses=openapi.answered(200, schemas_payments.MandateRevoked) | openapi.documented("no_mandate"),
)
async def revoke(household: IdText, at: AtCounter) -> Response:
    """What the bank was asked for already stays asked."""
    known = HouseholdId(household)
    await of_household(at.office, known)
    return await at.run(RevokeMandate(household=known), lambda result: _revoked(known, result))


def _revoked(household: HouseholdId, result: Result) -> Said:
    fact = next(entry.fact for entry in result.prepared.entries if isinstance(entry.fact, MandateRevoked))
    return Said(status=200, content={"household": household, "mandate": fact.mandate})
