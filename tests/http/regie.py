"""A town that debits families: titres written as they are, and what its régisseur and its bank do."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import count
from typing import Any, Final
from xml.etree import ElementTree as ET

import xmlschema
from sepaxml import validation  # type: ignore[import-untyped]

from commands.execute import Request, execute
from commands.outcome import Accepted
from ledger.database import open_pool
from ledger.identifiers import Commune, HouseholdId
from ledger.postgres import PostgresStore
from ledger.regie import titre_number
from ledger.settings import Settings
from ledger.store import Answer
from projections.inline import project
from tests.http.world import NOW, Who, World, made
from tests.payers import CREDITOR, Issue, issued
from tests.servers import Database
from tests.spec import once, signed
from tests.town import RULEBOOK, VALMONT, at

IBAN: Final = "FR1420041010050500013M02606"
OTHER_IBAN: Final = "DE89370400440532013000"
SCHEMA: Final = f"{validation.__file__.rpartition('/')[0]}/schemas/pain.008.001.08.xsd"
SPACE: Final = "{urn:iso:std:iso:20022:tech:xsd:pain.008.001.08}"
_towns = count(1)


def issue(database: Database, commune: str, household: str, number: int, total_cents: int, month: str) -> None:
    """A titre, however it came."""
    on = date.fromisoformat(f"{month}-04")
    titre = issued(number, total_cents, month=month, household=HouseholdId(household), on=on)
    with open_pool(database.service_url, Settings()) as pool:
        command = Issue(household=HouseholdId(household), titres=[titre])
        request = Request(commune=Commune(commune), command=command, signature=signed(at(NOW)))
        store = PostgresStore(pool, project=project)
        result, _ = execute(store, request, once=once(), respond=lambda _: Answer(status=200))
        assert isinstance(result.outcome, Accepted)


@dataclass(kw_only=True)
class Regie:
    """A town and its régisseur."""

    world: World
    database: Database
    numbers: Any

    @classmethod
    def of(cls, service: World, database: Database, *, creditor: str = CREDITOR) -> "Regie":
        """A town of its own that may debit, unless it says nobody does."""
        town = service.of(Commune(f"{VALMONT}-r{next(_towns)}"))
        service.clock.instant = at("2023-07-03 09:00")
        text = RULEBOOK.replace(f'commune = "{VALMONT}"', f'commune = "{town.commune}"') + creditor
        made(town.who("admin").post("/rulebook/versions", {"content": text}))
        service.clock.set(NOW)
        return cls(world=town, database=database, numbers=count(1))

    @property
    def billing(self) -> Who:
        return self.world.who("billing")

    def family(self, subject: str = "parent-1", *totals: int, month: str = "2023-11") -> str:
        """A household with titres of these amounts."""
        household = self.world.household(subject)
        for total in totals:
            self.bill(household, total, month)
        return household

    def bill(self, household: str, total_cents: int, month: str = "2023-11") -> str:
        number = next(self.numbers)
        issue(self.database, self.world.commune, household, number, total_cents, month)
        return titre_number(2024, number)

    def guardian_of(self, household: str) -> str:
        [first, *_] = made(self.world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
        return str(first["guardian"])

    def sign(self, household: str, *, iban: str = IBAN, holder: str = "Paola Exemple", who: Who | None = None) -> Any:
        body = {"guardian": self.guardian_of(household), "holder": holder, "iban": iban, "signed_on": "2024-01-08"}
        return made((who or self.world.agent).post(f"/households/{household}/mandate", body))

    def debtor(self, subject: str, *totals: int, holder: str = "Paola Exemple", iban: str = IBAN) -> str:
        """A household that owes, and may be debited."""
        household = self.family(subject, *totals)
        self.sign(household, holder=holder, iban=iban)
        return household

    def collect(self, on: str = "2024-01-18", **more: Any) -> Any:
        return made(self.billing.post("/collections", {"collect_on": on, **more}))

    def file(self, collection: str) -> bytes:
        answer = self.billing.get(f"/collections/{collection}/pain.008.xml")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        return answer.content

    def account(self, household: str, **asked: Any) -> Any:
        return made(self.billing.get(f"/households/{household}/account", **asked), 200)


@cache
def _schema() -> Any:
    return xmlschema.XMLSchema(SCHEMA)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A debit as a bank reads it."""

    sequence: str
    name: str
    iban: str
    mandate: str
    cents: int
    end_to_end: str
    text: str


def read_file(content: bytes) -> list[Read]:
    """What a bank reads of a file, held against the schema and its own sums first."""
    _schema().validate(content.decode())
    root = ET.fromstring(content)
    found = []
    for batch in root.iter(f"{SPACE}PmtInf"):
        debits = [_debit(batch, each) for each in batch.iter(f"{SPACE}DrctDbtTxInf")]
        assert _text(batch, "NbOfTxs") == str(len(debits))
        assert _cents(_text(batch, "CtrlSum")) == sum(debit.cents for debit in debits)
        found += debits
    header = root.find(f".//{SPACE}GrpHdr")
    assert header is not None
    assert _text(header, "NbOfTxs") == str(len(found))
    assert _cents(_text(header, "CtrlSum")) == sum(debit.cents for debit in found)
    return found


def _debit(batch: ET.Element, debit: ET.Element) -> Read:
    amount = debit.find(f"{SPACE}InstdAmt")
    assert amount is not None
    assert amount.get("Ccy") == "EUR"
    return Read(
        sequence=_text(batch, "SeqTp"),
        name=_text(debit, "Nm"),
        iban=_text(debit, "IBAN"),
        mandate=_text(debit, "MndtId"),
        cents=_cents(amount.text or ""),
        end_to_end=_text(debit, "EndToEndId"),
        text=_text(debit, "Ustrd"),
    )


def _text(element: ET.Element, name: str) -> str:
    found = next(element.iter(f"{SPACE}{name}"))
    return found.text or ""


def _cents(text: str) -> int:
    euros, _, cents = text.partition(".")
    return int(euros) * 100 + int(cents)
