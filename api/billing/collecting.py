"""A file of direct debits made from the facts and the vault: before it is kept, and the same again at each download."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.billing.pain008 import Account, Batch, UnsoundFileError, digest_of, file_of, validated
from api.french_payments import LEFT_OUT
from api.known_at import Known as KnownThen
from api.office import Office
from api.problems import Problem, not_found
from commands.direct_debits import Debit, lapsed
from commands.outcome import Known, Refused
from commands.send_collection import SendCollection, creditor_of
from commands.town_days import timezone_of, town_day
from ledger.identifiers import CollectionId, GuardianId, HouseholdId, PersonId
from ledger.payer import Payer
from ledger.streams import payer_page, town_page
from projections import town
from projections.billing import collecting
from rulebook.town import Rules, rules_of_town
from vault.people import Erased, Vault


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A collection ready to be kept, and those it leaves out."""

    command: SendCollection
    left_out: Sequence[tuple[HouseholdId, str]]


async def asking(at: Office, vault: Vault, command: SendCollection) -> Asking:
    """The same command with what it asks for and the digest of its file. One that is refused is left as it is."""
    known = await run_in_threadpool(_known, at, command)
    if isinstance(command.decide(known), Refused):
        return Asking(command=command, left_out=())
    wanted = command.planned(known)
    accounts, missing = await _accounts(at, vault, wanted)
    left_out = {**_lapsed(known, command), **missing}
    command = replace(command, without=frozenset(missing))
    debits = command.planned(known)
    if debits:
        creditor = creditor_of(known.rules, town_day(known.rules, known.now))
        assert creditor is not None, "a collection without a creditor was refused"
        batch = Batch(
            collection=command.collection,
            made_at=known.now.astimezone(timezone_of(known.rules)),
            collect_on=command.collect_on,
            creditor=creditor,
            debits=debits,
            accounts=accounts,
        )
        digest = await run_in_threadpool(_digest, batch)
        command = replace(command, debits=debits, digest=digest)
    return Asking(command=command, left_out=sorted(left_out.items()))


def _known(at: Office, command: SendCollection) -> Known:
    pages = at.store.pages([town_page(at.commune), *command.pages(at.commune)])
    rules = rules_of_town(pages[town_page(at.commune)].state)  # type: ignore[arg-type]
    return Known(commune=at.commune, now=at.now, rules=rules, pages=pages)


def _digest(batch: Batch) -> str:
    """Of a file the schema lets pass: accounts and names were held against it when they were given."""
    try:
        return digest_of(validated(file_of(batch)))
    except UnsoundFileError as error:
        raise Problem("creditor_missing") from error


def _lapsed(known: Known, command: SendCollection) -> Mapping[HouseholdId, str]:
    payers = [known.payer(household).state for household in command.households]
    return {
        payer.household: "mandate_lapsed"
        for payer in payers
        if payer is not None and payer.mandate is not None and lapsed(payer, payer.mandate, command.collect_on)
    }


async def _accounts(
    at: Office, vault: Vault, debits: Iterable[Debit]
) -> tuple[dict[GuardianId, Account], dict[HouseholdId, str]]:
    """The accounts to debit, and the households whose account is not the one of their mandate any more."""
    asked = list(debits)
    found = await run_in_threadpool(vault.digested, at.commune, [PersonId(debit.guardian) for debit in asked], "bank")
    accounts: dict[GuardianId, Account] = {}
    missing: dict[HouseholdId, str] = {}
    for debit in asked:
        kept = found.get(PersonId(debit.guardian))
        if isinstance(kept, Erased):
            missing[debit.household] = "account_erased"
        elif kept is None or kept[1] != debit.digest:
            missing[debit.household] = "account_changed"
        else:
            accounts[debit.guardian] = Account(iban=kept[0]["iban"], holder=kept[0]["holder"])
    return accounts, missing


def said_of(left_out: Iterable[tuple[HouseholdId, str]]) -> list[dict[str, Any]]:
    """Those who are not debited, and why."""
    return [{"household": household, "code": code, "detail": LEFT_OUT[code]} for household, code in left_out]


async def file_again(at: Office, vault: Vault, collection: CollectionId) -> bytes:
    """The file that was sent, byte for byte. Raises `file_changed` when it cannot be made again."""
    [sent, rows] = await at.reader.ask(
        at.commune, collecting.collection(at.commune, collection), collecting.debits(at.commune, collection)
    )
    if not sent:
        raise not_found()
    households = sorted({HouseholdId(row["household"]) for row in rows})
    at.saw(*households)
    streams = [payer_page(at.commune, household) for household in households]
    pages = await run_in_threadpool(at.store.pages, streams)
    debits = [debit for stream in streams for debit in _asked(pages[stream].state, collection)]
    accounts, missing = await _accounts(at, vault, debits)
    rules = await _rules_then(at, sent[0]["sent_at"])
    creditor = creditor_of(rules, town_day(rules, sent[0]["sent_at"]))
    if missing or creditor is None:
        raise Problem("file_changed")
    batch = Batch(
        collection=collection,
        made_at=sent[0]["sent_at"].astimezone(timezone_of(rules)),
        collect_on=sent[0]["collect_on"],
        creditor=creditor,
        debits=debits,
        accounts=accounts,
    )
    file = await run_in_threadpool(file_of, batch)
    if digest_of(file) != sent[0]["digest"]:
        raise Problem("file_changed")
    return file


async def _rules_then(at: Office, instant: datetime) -> Rules:
    """The rules that named the creditor: a rulebook adopted since changes no file that was sent."""
    then = KnownThen(at.reader, instant, [])
    [versions] = await then.ask(at.commune, town.rulebooks(at.commune))
    return await then.rules(at.commune, versions)


def _asked(payer: Any, collection: CollectionId) -> Iterable[Debit]:
    assert isinstance(payer, Payer), "whoever was debited has a page"
    for fact in payer.debits:
        if fact.collection == collection:
            mandate = payer.mandates[fact.mandate]
            yield Debit(
                household=payer.household,
                mandate=mandate.mandate,
                guardian=mandate.guardian,
                digest=mandate.digest,
                signed_on=mandate.signed_on,
                titre=fact.titre,
                amount_cents=fact.amount_cents,
                sequence=fact.sequence,
            )
