"""Three families around one child and another, and everybody who could ask about them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from uuid import uuid4

import httpx
from PIL import Image

from api.authorisation import RELATIONS, Mark, Rights
from ledger.identifiers import Commune
from ledger.numbers import set_next_number
from tests.http import regie
from tests.http.issued import MONTH, TITRE, issue
from tests.http.world import Who, World, box, made
from tests.payers import CREDITOR
from tests.servers import Database

FIRST_NUMBER: Final = 7_310_001
"""Demandes with numbers that are found nowhere by chance."""
OTHERS: Final = {
    "nobody": "no",
    "guardian elsewhere": "no",
    "portal as guardian": "portal",
    "unknown account": "stranger",
}
"""Callers the table has no column for, and the column they are held to."""
CALLERS: Final = (*RELATIONS, *OTHERS)
STAFF: Final = ("agent", "auditor", "billing", "admin", "portal", "portal as guardian")
"""Who is answered about every family, where the table says yes."""
ODD, EVEN = "2024-03-27", "2024-03-20"
"""A Wednesday of each custody: the other household's, the family's."""
ANY_ID: Final = "00000000-0000-4000-8000-000000000000"

Body = Mapping[str, Any]


def paper() -> bytes:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: where, with which question or body."""

    path: str
    body: Any = None
    query: Mapping[str, str] | None = None
    media_type: str = "application/json"


@dataclass(kw_only=True)
class Cast:
    """The family that is asked about, the other parents of its children, and a stranger."""

    world: World
    household: str
    guardian: str
    suspended: str
    spare: str
    shared: str
    """A child of two households; both act on everything."""
    alternating: str
    """A child of two households, under an alternating custody."""
    other_home: str
    custody_home: str
    enrolments: dict[str, str]
    numbers: dict[str, int]
    document: str
    member: str
    contact: str
    key: str
    activation: str
    lonely: str
    """A child of one household."""
    payment: str
    collection: str
    """Direct debits the bank was asked for, one of them of the family."""

    @classmethod
    def settle(cls, world: World, database: Database) -> "Cast":
        set_next_number(database.owner_url, world.commune, FIRST_NUMBER)
        agent = world.agent
        household = world.household("parent-1")
        guardian = made(agent.get(f"/households/{household}/guardians"), 200)["guardians"][0]["guardian"]
        payment, collection = owe(world, database, household, guardian)
        suspended = made(agent.post(f"/households/{household}/guardians", {"subject": "parent-s"}))["guardian"]
        spare = made(agent.post(f"/households/{household}/guardians"))["guardian"]
        where = f"/households/{household}/guardians/{suspended}/suspension"
        made(agent.post(where, {"scope": "guardian", "reason": "authority_withdrawn"}), 200)
        homes = world.household("parent-2"), world.household("parent-4")
        children = [world.child(household, "mercredis", "cantine") for _ in homes]
        enrolments = {}
        for child, home in zip(children, homes, strict=True):
            made(agent.post(f"/children/{child}/households", {"household": home}))
            enrolments[child] = world.enrol(child, "garderie")
        world.family("stranger-1", "mercredis")
        cast = cls(
            world=world,
            household=household,
            guardian=guardian,
            suspended=suspended,
            spare=spare,
            shared=children[0],
            alternating=children[1],
            other_home=homes[0],
            custody_home=homes[1],
            enrolments=enrolments,
            numbers={},
            document="",
            member="",
            contact="",
            key="",
            activation="",
            lonely=world.child(household, "cantine"),
            payment=payment,
            collection=collection,
        )
        cast._tell_secrets()
        cast._ask()
        issue(database, world.commune, household, children)
        return cast

    def _tell_secrets(self) -> None:
        agent, home = self.world.agent, f"/households/{self.household}"
        person = f"{home}/people/{self.guardian}"
        made(agent.send("PUT", f"{person}/identity", body=IDENTITY, key=uuid4().hex), 200)
        made(agent.send("PUT", f"{person}/address", body=ADDRESS, key=uuid4().hex), 200)
        made(agent.send("PUT", f"{person}/contact", body=CONTACT, key=uuid4().hex), 200)
        for child in (self.shared, self.alternating):
            made(agent.send("PUT", f"/children/{child}/identity", body=CHILD, key=uuid4().hex), 200)
        self.member = made(agent.post(f"{home}/members", {"identity": MEMBER}))["person"]
        self.contact = made(agent.post(f"{home}/contacts", {"identity": NEIGHBOUR, "collects": True}))["person"]
        made(agent.post(f"{home}/quotients", {"amount_cents": QUOTIENT, "source": "caf", "first_day": "2024-01-01"}))
        self.key = made(agent.post(f"{home}/keys", {"guardian": self.spare}))["key"]
        self.document = made(self.guardian_of("parent-1").send("POST", "/documents?kind=domicile", **PAPER()))[
            "document"
        ]
        self.activation = made(self.guardian_of("newcomer-0").post("/me/activation", ACTIVATION))["activation"]
        custody = {
            "child": self.alternating,
            "kind": "alternating",
            "first_day": "2024-01-01",
            "even_weeks": self.household,
            "odd_weeks": self.custody_home,
            "proof": {"kind": "judgement", "seen_on": "2024-01-08"},
        }
        made(agent.post(f"{home}/custody", custody))

    def _ask(self) -> None:
        parent = self.guardian_of("parent-1")
        for child in (self.shared, self.alternating):
            [said] = made(parent.ask(child, "mercredis", "2024-03-06"))["demandes"]
            self.numbers[child] = said["number"]
            [spare] = made(parent.ask(child, "mercredis", "2024-04-03"))["demandes"]
            self.numbers[f"{child} again"] = spare["number"]
        move = {"kind": "address", "address": ADDRESS, "documents": [self.document]}
        [said] = made(parent.post(f"/households/{self.household}/demandes", move))["demandes"]
        self.numbers["household"] = said["number"]

    def guardian_of(self, subject: str) -> Who:
        return self.world.guardian(subject)

    def who(self, caller: str) -> Who:
        world, here = self.world, self.world.commune
        elsewhere = world.of(Commune("autreville"))
        subjects = {
            "own_guardian": "parent-1",
            "other_parent": "parent-2",
            "custody_own_day": "parent-4",
            "custody_other_day": "parent-4",
            "suspended": "parent-s",
            "stranger": "stranger-1",
            "unknown account": "newcomer-1",
        }
        if caller in subjects:
            return world.guardian(subjects[caller])
        if caller == "nobody":
            return world.nobody
        if caller == "guardian elsewhere":
            return Who(http=world.http, token=elsewhere.token("guardian", "parent-1"), commune=here)
        if caller == "agent_elsewhere":
            return Who(http=world.http, token=elsewhere.token("agent", "agent-1"), commune=here)
        if caller == "portal as guardian":
            return world.who("guardian", "portal")
        if caller == "portal":
            return world.who("portal", "portal")
        return world.who(caller)

    def child_for(self, caller: str) -> str:
        return self.alternating if caller.startswith("custody") else self.shared

    def secrets(self, caller: str, mark: Mark) -> list[str]:
        """What an answer to this caller may hold nowhere."""
        if mark == "yes" and (caller in STAFF or caller == "own_guardian"):
            return [self.other_home, self.custody_home, "parent-2", "parent-4"] if caller == "own_guardian" else []
        private = [self.household, self.guardian, self.suspended, self.spare, "parent-1", "parent-s", self.document]
        private += [
            self.member,
            self.contact,
            self.key,
            self.payment,
            str(QUOTIENT),
            *CANARIES,
            str(self.numbers["household"]),
        ]
        if caller.startswith("custody") or mark != "yes":
            private += [str(number) for number in self.numbers.values()]
        if mark in ("yes", "custody"):
            return private
        own = {"suspended": "parent-s"}.get(caller)
        private = [secret for secret in private if secret != own]
        return [*private, self.shared, self.alternating, *self.enrolments.values(), CHILD["family_name"], *self.homes]

    @property
    def homes(self) -> list[str]:
        return [self.other_home, self.custody_home]

    def send(self, rights: Rights, caller: str, *, unknown: bool = False, **more: str) -> httpx.Response:
        """The operation, asked about the family; or about what does not exist. `more` is added to the query."""
        method, _, template = rights.operation.partition(" ")
        asked = REQUESTS[rights.operation](self, caller) if rights.operation in REQUESTS else Asked(path=template)
        child = self.child_for(caller)
        named = self.lonely if rights.operation == "POST /children/{child}/households" else child
        known = {
            "household": self.household,
            "guardian": self.spare,
            "person": self.guardian,
            "child": named,
            "enrolment": self.enrolments[child],
            "number": str(self.numbers[child]),
            "document": self.document,
            "key": self.key,
            "activation": self.activation,
            "activity": "mercredis",
            "version": "2023-09",
            "day": "2024-05-15",
            "payment": self.payment,
            "collection": self.collection,
            "titre": TITRE,
            "line": "1",
            "year": "2023",
            "month": MONTH,
        }
        if unknown:
            about = dict.fromkeys(ABOUT, ANY_ID)
            known |= {**about, "number": "9999999", "titre": "2023-999999"}
        path = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], asked.path)
        key = None if method == "GET" else uuid4().hex
        headers = {"Content-Type": asked.media_type} if isinstance(asked.body, bytes) else {}
        return self.who(caller).send(
            method, path, body=asked.body, key=key, headers=headers, **{**(asked.query or {}), **more}
        )


def owe(world: World, database: Database, household: str, guardian: str) -> tuple[str, str]:
    """Something to pay, an account to debit, a payment, and direct debits that were asked for and may be settled."""
    now, billing = world.clock.instant, world.who("billing")
    regie.issue(database, world.commune, household, 901, 5_000, "2023-11")
    world.clock.set("2024-01-10 10:00")
    text: str = made(world.who("admin").get("/rulebook/versions/2023-09"), 200)["content"]
    text = text.replace('version = "2023-09"', 'version = "2023-12"').replace("2023-09-01", "2024-01-02")
    made(world.who("admin").post("/rulebook/versions", {"content": text + CREDITOR}))
    made(world.agent.post(f"/households/{household}/mandate", {**MANDATE, "guardian": guardian}))
    collection = made(billing.post("/collections", {"collect_on": "2024-01-12"}))["collection"]
    world.clock.instant = now
    regie.issue(database, world.commune, household, 902, 3_000, "2023-12")
    said = {"household": household, "amount_cents": 100, "means": "cheque", "received_on": "2024-01-15"}
    [paid] = made(billing.post("/payments", {"payments": [said]}))["payments"]
    return str(paid["payment"]), str(collection)


ABOUT: Final = (
    "household",
    "child",
    "guardian",
    "person",
    "enrolment",
    "document",
    "key",
    "activation",
    "payment",
    "collection",
)
"""The names in a path that stand for somebody, or something of theirs."""

IDENTITY: Final = {"given_name": "Canari-Prunelle", "family_name": "Canari-Vasseur", "birth_date": "1988-02-11"}
ADDRESS: Final = {"lines": ["17 impasse du Canari-Tilleul"], "postcode": "78999", "city": "Canari-Valmont"}
CONTACT: Final = {"telephone": "+33639980017", "email": "canari-boite@example.org"}
CHILD: Final = {"given_name": "Canari-Ondine", "family_name": "Canari-Enfant", "birth_date": "2016-05-04"}
MEMBER: Final = {"given_name": "Canari-Mamie", "family_name": "Canari-Vasseur"}
NEIGHBOUR: Final = {"given_name": "Canari-Voisine", "family_name": "Canari-Contact"}
ACTIVATION: Final = {"identity": NEIGHBOUR, "contact": CONTACT, "children": [CHILD]}
QUOTIENT: Final = 61_234_7
MANDATE: Final = {"holder": "Canari-Titulaire", "iban": regie.IBAN, "signed_on": "2024-01-08"}
CANARIES: Final = (
    "Canari-Prunelle",
    "Canari-Vasseur",
    "Canari-Tilleul",
    "+33639980017",
    "canari-boite",
    "Canari-Mamie",
    "Canari-Voisine",
    "Canari-Titulaire",
    regie.IBAN,
)


def PAPER() -> dict[str, Any]:  # noqa: N802 - a constant that is made anew
    return {"body": paper(), "key": uuid4().hex, "headers": {"Content-Type": "image/png"}}


def _day(caller: str) -> str:
    """A day that is the caller's: every day is, but under a custody."""
    return {"custody_own_day": ODD, "custody_other_day": EVEN}.get(caller, EVEN)


def _demande(cast: Cast, caller: str) -> Body:
    child = cast.child_for(caller)
    return {"child": child, "activity": "mercredis", "reserve": [box(f"{_day(caller)} journee")]}


def _price(cast: Cast, caller: str) -> Body:
    days = [{"day": _day(caller), "unit": "journee"}]
    return {"child": cast.child_for(caller), "activity": "mercredis", "days": days}


def _sheet(cast: Cast) -> Body:
    marks = [{"child": cast.shared, "presence": "present"}]
    return {"activity": "cantine", "unit": "repas", "day": "2024-01-15", "children": marks}


def _rulebook(cast: Cast) -> str:
    text: str = made(cast.world.who("admin").get("/rulebook/versions/2023-09"), 200)["content"]
    return text.replace('version = "2023-09"', 'version = "2024-09"').replace("2023-09-01", "2024-09-01")


STATUS: Final = {"residence": "outside", "regime": "msa", "first_day": "2024-03-01"}
MEAL: Final = {"activity": "cantine", "brought": True, "first_day": "2024-03-01"}
PERIOD: Final = {"from": "2024-01-22", "to": "2024-01-26"}
_Request = Callable[[Cast, str], Asked]
_HOME: Final = "/households/{household}"
REQUESTS: Final[Mapping[str, _Request]] = {
    "POST /me/key": lambda *_: Asked(path="/me/key", body={"key": "AAAA-BBBB-CCCC"}),
    "POST /me/activation": lambda *_: Asked(path="/me/activation", body=ACTIVATION),
    "POST /households": lambda *_: Asked(path="/households", body={}),
    f"POST {_HOME}/guardians": lambda *_: Asked(path=f"{_HOME}/guardians", body={}),
    f"POST {_HOME}/guardians/{{guardian}}/holder": lambda *_: Asked(
        path=f"{_HOME}/guardians/{{guardian}}/holder", body={}
    ),
    f"POST {_HOME}/guardians/{{guardian}}/account": lambda *_: Asked(
        path=f"{_HOME}/guardians/{{guardian}}/account", body={"subject": "parent-9"}
    ),
    f"DELETE {_HOME}/guardians/{{guardian}}/account": lambda cast, _: Asked(
        path=f"{_HOME}/guardians/{cast.suspended}/account"
    ),
    f"POST {_HOME}/guardians/{{guardian}}/suspension": lambda *_: Asked(
        path=f"{_HOME}/guardians/{{guardian}}/suspension", body={"scope": "guardian", "reason": "under_review"}
    ),
    f"DELETE {_HOME}/guardians/{{guardian}}/suspension": lambda cast, _: Asked(
        path=f"{_HOME}/guardians/{cast.suspended}/suspension", query={"scope": "guardian"}
    ),
    f"POST {_HOME}/members": lambda *_: Asked(path=f"{_HOME}/members", body={"identity": MEMBER}),
    f"DELETE {_HOME}/members/{{person}}": lambda cast, _: Asked(path=f"{_HOME}/members/{cast.member}"),
    f"POST {_HOME}/contacts": lambda *_: Asked(
        path=f"{_HOME}/contacts", body={"identity": NEIGHBOUR, "collects": False}
    ),
    f"DELETE {_HOME}/contacts/{{person}}": lambda cast, _: Asked(path=f"{_HOME}/contacts/{cast.contact}"),
    f"PUT {_HOME}/people/{{person}}/identity": lambda *_: Asked(
        path=f"{_HOME}/people/{{person}}/identity", body=IDENTITY
    ),
    f"PUT {_HOME}/people/{{person}}/address": lambda *_: Asked(path=f"{_HOME}/people/{{person}}/address", body=ADDRESS),
    f"PUT {_HOME}/people/{{person}}/contact": lambda *_: Asked(path=f"{_HOME}/people/{{person}}/contact", body=CONTACT),
    f"PUT {_HOME}/people/{{person}}/situation": lambda *_: Asked(
        path=f"{_HOME}/people/{{person}}/situation", body={"situation": "married"}
    ),
    f"POST {_HOME}/keys": lambda cast, _: Asked(path=f"{_HOME}/keys", body={"guardian": cast.spare}),
    f"POST {_HOME}/custody": lambda cast, _: Asked(
        path=f"{_HOME}/custody",
        body={
            "child": cast.alternating,
            "kind": "exception",
            "first_day": "2024-06-01",
            "last_day": "2024-06-02",
            "household": cast.household,
            "proof": {"kind": "agreement_signed", "seen_on": "2024-01-10"},
        },
    ),
    f"POST {_HOME}/quotients": lambda *_: Asked(
        path=f"{_HOME}/quotients", body={"amount_cents": 70_000, "source": "msa", "first_day": "2024-03-01"}
    ),
    f"POST {_HOME}/tariff-status": lambda *_: Asked(path=f"{_HOME}/tariff-status", body=STATUS),
    "POST /children/{child}/meals": lambda *_: Asked(path="/children/{child}/meals", body=MEAL),
    f"POST {_HOME}/demandes": lambda cast, _: Asked(
        path=f"{_HOME}/demandes", body={"kind": "situation", "situation": "married", "person": cast.guardian}
    ),
    "POST /activations/{activation}/decision": lambda *_: Asked(
        path="/activations/{activation}/decision", body={"refuse": "unknown_family"}
    ),
    "POST /children": lambda cast, _: Asked(path="/children", body={"household": cast.household}),
    "PUT /children/{child}/identity": lambda *_: Asked(path="/children/{child}/identity", body=CHILD),
    "PUT /children/{child}/health": lambda *_: Asked(
        path="/children/{child}/health", body={"items": ["asthma"], "protocol": None}
    ),
    "POST /children/{child}/households": lambda cast, _: Asked(
        path="/children/{child}/households", body={"household": cast.custody_home}
    ),
    "DELETE /children/{child}/households/{household}": lambda cast, _: Asked(
        path=f"/children/{{child}}/households/{cast.other_home}"
    ),
    "POST /children/{child}/enrolments": lambda *_: Asked(
        path="/children/{child}/enrolments",
        body={"activity": "vacances", "first_day": "2024-04-08", "last_day": "2024-04-12"},
    ),
    "POST /children/{child}/enrolments/{enrolment}/end": lambda *_: Asked(
        path="/children/{child}/enrolments/{enrolment}/end", body={"last_day": "2024-05-31"}
    ),
    "POST /children/{child}/demandes": lambda *_: Asked(
        path="/children/{child}/demandes",
        body={"kind": "enrolment", "activity": "vacances", "first_day": "2024-04-08", "last_day": "2024-04-12"},
    ),
    "GET /children/{child}/calendar": lambda *_: Asked(
        path="/children/{child}/calendar", query={"from": "2024-03-04", "to": "2024-04-05"}
    ),
    "POST /demandes": lambda cast, caller: Asked(path="/demandes", body=_demande(cast, caller)),
    "POST /demandes/preview": lambda cast, caller: Asked(path="/demandes/preview", body=_demande(cast, caller)),
    "POST /prices/preview": lambda cast, caller: Asked(path="/prices/preview", body=_price(cast, caller)),
    "POST /prices/simulation": lambda *_: Asked(
        path="/prices/simulation", body={"activity": "mercredis", "unit": "journee"}
    ),
    "POST /billing/{month}/draft": lambda *_: Asked(path="/billing/{month}/draft", body={}),
    "POST /billing/{month}/close": lambda *_: Asked(path="/billing/{month}/close", body={"position": 1}),
    "GET /titres/{number}": lambda *_: Asked(path="/titres/{titre}"),
    "GET /titres/{number}/lines/{line}": lambda *_: Asked(path="/titres/{titre}/lines/{line}"),
    "POST /demandes/{number}/decision": lambda *_: Asked(path="/demandes/{number}/decision", body={"approve": "all"}),
    "POST /decisions": lambda cast, caller: Asked(
        path="/decisions",
        body={"decisions": [{"number": cast.numbers[f"{cast.child_for(caller)} again"], "approve": "all"}]},
    ),
    "GET /documents": lambda cast, caller: Asked(
        path="/documents", query={"guardian": cast.guardian} if caller == "agent" else None
    ),
    "POST /documents": lambda cast, caller: Asked(
        path="/documents",
        body=paper(),
        query={"kind": "domicile", **({"guardian": cast.guardian} if caller.startswith("agent") else {})},
        media_type="image/png",
    ),
    "GET /entries/{position}/proof": lambda *_: Asked(path="/entries/1/proof"),
    "GET /checkpoint/proof": lambda *_: Asked(path="/checkpoint/proof", query={"from": "1"}),
    f"POST {_HOME}/payments/{{payment}}/cancellation": lambda *_: Asked(
        path=f"{_HOME}/payments/{{payment}}/cancellation", body={"because": "mistake"}
    ),
    f"POST {_HOME}/mandate": lambda cast, _: Asked(
        path=f"{_HOME}/mandate", body={**MANDATE, "guardian": cast.guardian}
    ),
    "GET /payments": lambda *_: Asked(path="/payments", query={"from": "2024-01-01", "to": "2024-01-31"}),
    "POST /payments": lambda cast, _: Asked(
        path="/payments",
        body={
            "payments": [{"household": cast.household, "amount_cents": 1, "means": "card", "received_on": "2024-01-15"}]
        },
    ),
    "POST /collections": lambda *_: Asked(path="/collections", body={"collect_on": "2024-01-18"}),
    "POST /collections/{collection}/settled": lambda *_: Asked(path="/collections/{collection}/settled", body={}),
    "POST /collections/{collection}/returns": lambda *_: Asked(
        path="/collections/{collection}/returns", body={"returns": [{"titre": "2024-000901", "reason": "AM04"}]}
    ),
    "GET /titres/{number}/invoice.pdf": lambda *_: Asked(path="/titres/{titre}/invoice.pdf"),
    "POST /attendance": lambda cast, _: Asked(path="/attendance", body=_sheet(cast)),
    "GET /activities/{activity}/day-sheet": lambda *_: Asked(
        path="/activities/{activity}/day-sheet", query={"day": "2024-03-06"}
    ),
    "GET /activities/{activity}/places": lambda *_: Asked(path="/activities/{activity}/places", query=PERIOD),
    "GET /closures": lambda *_: Asked(path="/closures", query=PERIOD),
    "POST /closures": lambda *_: Asked(path="/closures", body={"day": "2024-05-15", "reason": "pont"}),
    "POST /capacities": lambda *_: Asked(
        path="/capacities", body={"activity": "cantine", "unit": "repas", "days": ["2024-01-22"], "places": 5}
    ),
    "POST /rulebook/versions": lambda cast, _: Asked(path="/rulebook/versions", body={"content": _rulebook(cast)}),
    "POST /erasures/preview": lambda cast, _: Asked(path="/erasures/preview", body={"household": cast.household}),
    "POST /erasures": lambda cast, _: Asked(
        path="/erasures",
        body={
            "household": cast.household,
            "person": cast.member,
            "agreement": "AD78-2024/1",
            "agreed_by": "archiviste",
            "agreed_on": "2024-01-10",
        },
    ),
}
