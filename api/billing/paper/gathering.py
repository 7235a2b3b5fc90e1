"""What a paper says, gathered: titres and payments from the ledger, names from the vault, the régie from the rulebook.

Over HTTP and at the terminal alike: who may ask is found out before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from api import french_paper
from api.asking import Reader
from api.billing.corrected import corrections, numbered
from api.billing.facts import Facts, facts_of
from api.billing.paper.invoice import Debit, Invoice, Owed, Reason
from api.french_bills import LineSaid, said_of_line
from api.history_words import HistoryWords
from commands.direct_debits import lapsed, returned, under_way
from ledger.codec import Codec
from ledger.entry import AlteredLineError, Entry
from ledger.events import BilledLine, MandateSigned, TitreIssued
from ledger.identifiers import ChildId, Commune, HouseholdId, PersonId, TitreNumber
from ledger.kept import read_kept
from ledger.payer import Payer, evolve
from ledger.streams import payer_page
from projections import families, pages_of, town
from projections.billing import questions, quoted
from projections.billing.allocation import Allocation, account
from projections.billing.certificates import titres_among
from rulebook.rulebook import Rulebook
from rulebook.tariffs import RegieRule
from rulebook.town import Rules
from vault.people import Details, Erased, Vault

ACCOUNT_SHOWN: Final = 4
"""Last letters of an account, by which its holder knows it."""
_CODEC: Final = Codec()


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """All that a household was asked for and paid."""

    household: HouseholdId
    payer: Payer
    titres: Sequence[TitreIssued]
    """In the order of their numbers."""
    lines: int
    """Of the payer's page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """Whom a paper names."""

    recipient: tuple[str, ...]
    """Who pays: a name, then an address."""
    children: Mapping[ChildId, str]
    born: Mapping[ChildId, date]
    """Of those whose date of birth is known."""
    persons: frozenset[str]
    """For the access log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where papers of a town are gathered from."""

    reader: Reader
    vault: Vault
    commune: Commune

    async def household_of(self, number: TitreNumber) -> HouseholdId | None:
        """Who was asked to pay under a number."""
        [rows] = await self.reader.ask(self.commune, questions.titre(self.commune, number))
        return HouseholdId(rows[0]["household"]) if rows else None

    async def statement(self, household: HouseholdId, *, known_at: datetime | None = None) -> Statement:
        """The page of a payer, now or as it was known, each line held against its digest. Raises AlteredLineError."""
        stream = payer_page(self.commune, household)
        question = quoted.pages(self.commune, [stream])
        if known_at is not None:
            question = pages_of.lines(self.commune, [stream], known_at=known_at)
        [rows] = await self.reader.ask(self.commune, question)
        entries = await run_in_threadpool(_entries, rows)
        payer = evolve(None, entries) or Payer(household=household)
        titres = sorted(titres_among(entry.fact for entry in entries), key=lambda each: each.titre)
        return Statement(household=household, payer=payer, titres=titres, lines=len(entries))

    async def rules(self) -> Rules:
        """Every rulebook of the town."""
        [versions] = await self.reader.ask(self.commune, town.rulebooks(self.commune))
        return await self.reader.rules(self.commune, versions)

    async def who(self, household: HouseholdId, children: Iterable[ChildId]) -> Who:
        """What those who pay and their children are called."""
        [rows] = await self.reader.ask(self.commune, families.guardians_of(self.commune, household))
        adults = [PersonId(row["guardian"]) for row in sorted(rows, key=lambda row: not row["holder"])]
        wanted = list(dict.fromkeys(children))
        persons = [*adults[:1], *map(PersonId, wanted)]
        known = await run_in_threadpool(self.vault.people, self.commune, persons, kinds=("identity", "address"))
        return Who(
            recipient=_recipient(household, known[adults[0]] if adults else {}),
            children=_named(wanted, known),
            born=dict(_births(wanted, known)),
            persons=frozenset(map(str, persons)),
        )

    async def debit(self, payer: Payer, titre: TitreNumber, regie: RegieRule | None) -> Debit | None:
        """The direct debit that pays a titre: the one under way, or the one the mandate lets ask for.

        None of a titre whose last debit the bank sent back: it is to be paid otherwise, until it is asked for again.
        """
        asked = next((each for each in under_way(payer) if each.titre == titre), None)
        if asked is None and _returned_on(payer, titre) is not None:
            return None
        signed = payer.mandates.get(asked.mandate) if asked else payer.mandate
        if signed is None:
            return None
        creditor = regie is not None and regie.creditor_id
        if asked is None and (not creditor or lapsed(payer, signed, payer.titres[titre].due_on)):
            return None
        ends_with = await run_in_threadpool(self._ends_with, signed)
        if asked is None and not ends_with:
            return None
        return Debit(
            mandate=signed.mandate,
            creditor=regie.creditor_name if regie else "",
            creditor_id=regie.creditor_id if regie else "",
            account=ends_with,
            collect_on=asked.collect_on if asked else None,
            amount_cents=asked.amount_cents if asked else 0,
        )

    def _ends_with(self, signed: MandateSigned) -> str:
        """How the account of a mandate ends; empty when the vault no longer has that account."""
        person = PersonId(signed.guardian)
        found = self.vault.digested(self.commune, [person], "bank").get(person)
        if found is None or isinstance(found, Erased):
            return ""
        said, digest = found
        return str(said["iban"])[-ACCOUNT_SHOWN:] if digest == signed.digest else ""

    async def invoice(self, statement: Statement, number: TitreNumber) -> tuple[Invoice, Who]:
        """An invoice, and whom it names. Raises AlteredLineError when the books have a titre its page has not."""
        issued = next((each for each in statement.titres if each.titre == number), None)
        if issued is None:
            raise AlteredLineError(payer_page(self.commune, statement.household), statement.lines + 1)
        rules, said = await self.rules(), account(statement.payer)
        who = await self.who(statement.household, [line.child for line in issued.lines])
        words = HistoryWords(rules=rules)
        facts = await facts_of(self.reader, self.commune, statement.household, issued.lines)
        settled = said.of(number)
        paid_cents = settled.paid_cents if settled else 0
        owes = issued.total_cents > paid_cents
        told = list(_told(issued, statement, facts, words))
        rulebook = rules.on(issued.issued_on)
        name, office, ways = regie_of(rulebook, self.commune)
        regie = rulebook.regie if rulebook is not None else None
        invoice = Invoice(
            issued=issued,
            town=name,
            office=office,
            recipient=who.recipient,
            children=who.children,
            formulas={(line.activity, line.unit): _formula(line, words) for line in issued.lines},
            how_to_pay=ways,
            contact=regie.contact if regie else (),
            appeal=regie.appeal if regie else (),
            reasons=list(map(_reason, told)),
            paid_cents=paid_cents,
            owed_before=_owed_before(said, statement.payer, number),
            held_cents=said.unallocated_cents,
            debit=await self.debit(statement.payer, number, regie) if owes else None,
            returned_on=_returned_on(statement.payer, number),
            credited=_credited(said, number),
            credit_left_cents=sum(share.amount_cents for share in said.unallocated if share.credit == number),
        )
        return invoice, who


def _reason(said: LineSaid) -> Reason:
    quotient = () if said.quotient is None else (said.quotient,)
    price = " ".join((*quotient, *said.arithmetic, said.article))
    return Reason(heading=said.heading, price=price, days=(*(each.sentence for each in said.grouped), *said.changes))


def _told(issued: TitreIssued, statement: Statement, facts: Facts, words: HistoryWords) -> Iterator[LineSaid]:
    """Why each line, and what corrected it since."""
    household = numbered(statement.titres)
    for of in numbered([issued]):
        yield said_of_line(of.billed, facts, words, later=corrections(of, household))


def regie_of(rulebook: Rulebook | None, commune: Commune) -> tuple[str, str, tuple[str, ...]]:
    """The name of the town, that of its régie, and the ways to pay."""
    if rulebook is None:
        return commune, "", ()
    if rulebook.regie is None:
        return rulebook.name, "", ()
    return rulebook.name, rulebook.regie.name, tuple(map(french_paper.sentence, rulebook.regie.how_to_pay))


def _entries(rows: Iterable[Mapping[str, Any]]) -> list[Entry]:
    return [read_kept(_CODEC, row["stream"], row["version"], row["stored"], row["digest"], row["leaf"]) for row in rows]


def _returned_on(payer: Payer, titre: TitreNumber) -> date | None:
    """The day of the last debit of a titre, when the bank sent that one back."""
    asked = [each for each in payer.debits if each.titre == titre]
    return asked[-1].collect_on if asked and returned(payer, asked[-1]) else None


def _credited(said: Allocation, number: TitreNumber) -> list[Owed]:
    """What a credit paid of other titres."""
    paid = [
        (each.titre, sum(share.amount_cents for share in each.shares if share.credit == number))
        for each in said.settled
    ]
    return [Owed(titre=titre.number, month=titre.month, amount_cents=cents) for titre, cents in paid if cents]


def _owed_before(said: Allocation, payer: Payer, number: TitreNumber) -> list[Owed]:
    """What other titres still ask for, and on which day the bank takes it."""
    collected = {each.titre: each.collect_on for each in under_way(payer)}
    return [
        Owed(
            titre=each.titre.number,
            month=each.titre.month,
            amount_cents=each.owed_cents,
            collect_on=collected.get(each.titre.number),
        )
        for each in said.settled
        if each.owed_cents > 0 and each.titre.number < number
    ]


def _formula(line: BilledLine, words: HistoryWords) -> str:
    """The unit of a line, where its label does not say it already."""
    unit = words.unit(line.activity, line.unit, line.days[0].day)
    return "" if unit.casefold() in line.label.casefold() else unit


def _recipient(household: HouseholdId, known: Details | Erased) -> tuple[str, ...]:
    if isinstance(known, Erased):
        return (french_paper.ERASED_PAYER,)
    identity, address = known.get("identity"), known.get("address")
    name = f"{identity['given_name']} {identity['family_name']}" if identity else french_paper.nameless_payer(household)
    if address is None:
        return (name,)
    country = () if address["country"] == "FR" else (address["country"],)
    return (name, *address["lines"], f"{address['postcode']} {address['city']}", *country)


def _named(children: Sequence[ChildId], known: Mapping[PersonId, Details | Erased]) -> dict[ChildId, str]:
    """Given names; with the family name where two children have the same."""
    given: dict[ChildId, tuple[str, str]] = {}
    for number, child in enumerate(children, start=1):
        details = known[PersonId(child)]
        if isinstance(details, Erased):
            given[child] = (french_paper.ERASED_CHILD, "")
        elif (identity := details.get("identity")) is None:
            given[child] = (french_paper.nameless_child(number), "")
        else:
            given[child] = (identity["given_name"], identity["family_name"])
    names = [first for first, _ in given.values()]
    return {
        child: first if names.count(first) == 1 else f"{first} {last}".strip() for child, (first, last) in given.items()
    }


def _births(children: Iterable[ChildId], known: Mapping[PersonId, Details | Erased]) -> Iterable[tuple[ChildId, date]]:
    for child in children:
        details = known[PersonId(child)]
        born = None if isinstance(details, Erased) else details.get("identity", {}).get("birth_date")
        if born:
            yield child, date.fromisoformat(born)
