"""The town the search is let loose on: words that exist, bodies the rules accept, and who may call what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from api.authorisation import OPERATIONS
from tests.http.fuzz_billing import FuzzBilling
from tests.http.fuzz_regie import FuzzRegie
from tests.http.issued import MONTH, TITRE, issue
from tests.http.world import World, made
from tests.servers import Database
from tests.vault import papers_made as papers

DAYS: Final = ["2024-01-15", "2024-01-22", "2024-01-23", "2024-03-27", "2024-04-03", "2024-06-05"]
IDENTITY: Final = {"given_name": "Rose", "family_name": "Exemple", "birth_date": "1988-02-11"}
CONTACT: Final = {"telephone": "06 12 34 56 78", "email": "rose@exemple.fr"}
CHILD: Final = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2016-05-04"}
SAID: Final = {"identity": IDENTITY, "contact": CONTACT, "children": [CHILD]}
PROOF: Final = {"kind": "judgement", "seen_on": "2024-01-08"}
AGREEMENT: Final = {"agreement": "AD78-2024/1", "agreed_by": "archives-1", "agreed_on": "2024-01-10"}
PARENTS: Final = ["parent-1", "parent-3", "parent-4", "parent-5"]
"""Accounts of one family: the search suspends one or another on its way."""
MANY: Final = 12
"""Of what can be ended, tied or decided once: a few are its examples, the others are for the search to find."""
SIGNED: Final = 40
"""Lines of the town that are signed before the search begins, and more."""
NEWCOMERS: Final = 60
"""Accounts nobody knows: one may type five keys an hour, and ask once to be activated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the search is told of the town."""

    words: Mapping[str, list[Any]]
    """Values that exist, by the name of the parameter or of the property that holds one."""
    apart: Mapping[str, Mapping[str, list[Any]]]
    """By operation, what it alone is asked about: nothing before it removed, suspended or decided that."""
    bodies: Mapping[str, list[Any]]
    """Bodies the rules accept, at least the first time, by the name of their schema."""
    callers: Mapping[str, list[str]]
    """By operation, the tokens of those the table lets in, one after the other."""


class FuzzTown:
    """A family everything may be asked about, and families one operation each is asked about."""

    def __init__(self, world: World, database: Database) -> None:
        self.world, self.agent = world, world.agent
        self.home = world.household("parent-1")
        self.children = [world.child(self.home, "mercredis", "cantine", "etude", "garderie") for _ in range(2)]
        [first] = made(self.agent.get(f"/households/{self.home}/guardians"), 200)["guardians"]
        self.guardians = [first["guardian"], self.guardian(self.home)]
        for subject in PARENTS[1:]:
            self.guardian(self.home, subject)
        self.document = made(world.guardian().hand_in(papers.pdf()))["document"]
        self.other_home = world.household("parent-2")
        self.halves = self.shared()
        world.enrol(self.halves, "mercredis")
        issue(database, world.commune, self.home, self.children)
        self.regie = FuzzRegie(world, database)
        self.billing = FuzzBilling(world)

    def told(self) -> Told:
        """Everything, once the families are there."""
        return Told(words=self.words(), apart=self.apart(), bodies=self.bodies(), callers=callers(self.world))

    def guardian(self, household: str, subject: str | None = None) -> str:
        body = {"subject": subject} if subject else {}
        return str(made(self.agent.post(f"/households/{household}/guardians", body))["guardian"])

    def person(self, household: str, kind: str) -> str:
        body = {"identity": IDENTITY, **({"collects": True} if kind == "contacts" else {})}
        return str(made(self.agent.post(f"/households/{household}/{kind}", body))["person"])

    def shared(self) -> str:
        """A child of two households."""
        child = self.world.child(self.home)
        made(self.agent.post(f"/children/{child}/households", {"household": self.other_home}))
        return child

    def demande(self, day: str) -> int:
        """A demande that waits for an agent."""
        return int(made(self.agent.ask(self.children[1], "mercredis", day))["demandes"][0]["number"])

    def activation(self) -> str:
        asked = self.world.guardian(f"newcomer-{uuid4().hex}").post("/me/activation", SAID)
        return str(made(asked)["activation"])

    def key(self, household: str, **said: Any) -> Mapping[str, Any]:
        return dict(made(self.agent.post(f"/households/{household}/keys", said)))

    @staticmethod
    def many(one: Callable[[], str]) -> list[str]:
        return [one() for _ in range(MANY)]

    def words(self) -> dict[str, list[Any]]:
        """What requests go deep with."""
        agent, home, world = self.agent, self.home, self.world
        enrolments = made(agent.get(f"/children/{self.children[0]}/enrolments"), 200)["enrolments"]
        numbers = [
            made(agent.ask(child, "mercredis", day))["demandes"][0]["number"]
            for child in self.children
            for day in ("2024-03-13", "2024-03-20", "2024-03-27")
        ]
        made(agent.ask(self.children[0], "cantine", "2024-01-22", "2024-01-23"))
        quotient = {"kind": "quotient", "amount_cents": 65_300, "source": "caf", "documents": [self.document]}
        made(world.guardian().post(f"/households/{home}/demandes", quotient))
        made(agent.post("/closures", {"day": "2024-06-05", "reason": "pont"}))
        people = [*self.guardians, self.person(home, "members"), self.person(home, "contacts")]
        return {
            "commune": [world.commune],
            "child": [*self.children, self.halves],
            "also_for": self.children,
            "household": [home],
            "homes": [home, self.other_home],
            "guardian": self.guardians,
            "person": people,
            "key": [self.key(home)["key"]],
            "activation": [self.activation()],
            "document": [self.document],
            "documents": [self.document],
            "protocol": [self.document],
            "enrolment": [row["enrolment"] for row in enrolments],
            "number": numbers,
            "activity": ["mercredis", "cantine", "etude", "garderie", "vacances"],
            "version": ["2023-09"],
            "year": ["2023"],
            "month": [MONTH],
            "site": ["centre", "prairie"],
            "unit": ["journee", "matinee", "repas", "gouter", "etude", "soir"],
            "reason": ["complet", "autre", "maladie", "greve"],
            "derogation": ["urgence"],
            **self.regie.words(),
            **dict.fromkeys(("day", "days", "from", "to", "first_day", "last_day", "seen_on"), DAYS),
        }

    def apart(self) -> dict[str, dict[str, list[Any]]]:
        """Whom or what an operation ends, ties or decides."""
        world, agent = self.world, self.agent
        home = world.household("parent-apart")
        suspended = self.many(lambda: self.guardian(home))
        for guardian in suspended:
            body = {"scope": "guardian", "reason": "court_order"}
            made(agent.post(f"/households/{home}/guardians/{guardian}/suspension", body), 200)
        child = world.child(self.home)
        enrolment = "/children/{child}/enrolments/{enrolment}"
        closed = ["2024-06-20", "2024-06-21"]
        for day in closed:
            made(agent.post("/closures", {"day": day, "reason": "pont", "activity": "cantine", "site": "centre"}))
        one, homes = "/households/{household}", "/children/{child}/households"
        guardian = f"{one}/guardians/{{guardian}}"
        of_guardians = {
            f"DELETE {guardian}": self.many(lambda: self.guardian(home)),
            f"POST {guardian}/holder": [self.guardian(home) for _ in range(2)],
            f"POST {guardian}/account": self.many(lambda: self.guardian(home)),
            f"DELETE {guardian}/account": [self.guardian(home, f"apart-{number}") for number in range(MANY)],
            f"POST {guardian}/suspension": self.many(lambda: self.guardian(home)),
            f"DELETE {guardian}/suspension": suspended,
        }
        return {
            **{operation: {"household": [home], "guardian": found} for operation, found in of_guardians.items()},
            f"DELETE {one}/members/{{person}}": {
                "household": [home],
                "person": self.many(lambda: self.person(home, "members")),
            },
            f"DELETE {one}/contacts/{{person}}": {
                "household": [home],
                "person": self.many(lambda: self.person(home, "contacts")),
            },
            f"DELETE {one}/keys/{{key}}": {"household": [home], "key": self.many(lambda: self.key(home)["key"])},
            f"POST {homes}": {"child": self.many(lambda: world.child(self.home))},
            f"DELETE {homes}/{{household}}": {"child": self.many(self.shared), "household": [self.other_home]},
            f"POST {enrolment}/end": {"child": [child], "enrolment": [world.enrol(child, "mercredis")]},
            "POST /activations/{activation}/decision": {"activation": self.many(self.activation)},
            "DELETE /closures/{day}": {"day": closed, "activity": ["cantine"], "site": ["centre"]},
            **self.regie.apart(),
            **self.billing.apart(),
            "GET /entries/{position}/proof": {"position": [1, 2, SIGNED], "size": [SIGNED, SIGNED + 1]},
            "GET /checkpoint/proof": {"from": [1, 2, SIGNED], "to": [SIGNED, SIGNED + 1]},
            "GET /titres/{number}/invoice.pdf": {"number": [TITRE]},
            "GET /titres/{number}": {"number": [TITRE]},
            "GET /titres/{number}/lines/{line}": {"number": [TITRE], "line": [1, 2]},
            "GET /children/{child}/entries/{line}/invoice-lines": {"line": [1, 2, 3]},
            "DELETE /demandes/{number}": {"number": [self.demande("2024-05-15")]},
            "POST /demandes/{number}/decision": {"number": [self.demande(day) for day in ("2024-05-22", "2024-06-19")]},
        }

    def bodies(self) -> dict[str, list[Any]]:
        """One of each form a body has, and what they name is nobody else's."""
        of_money = {**self.regie.bodies(self.guardians[0]), **self.billing.bodies(self.children[0])}
        return {**self.of_town(), **self.of_demandes(), **self.of_families(), **self.of_accounts(), **of_money}

    def of_town(self) -> dict[str, list[Any]]:
        adopted = str(made(self.agent.get("/rulebook/versions/2023-09"), 200)["content"])
        voted = adopted.replace('version = "2023-09"', 'version = "2024-09"')
        line = {"child": self.children[0], "presence": "present"}
        return {
            "RulebookText": [{"content": voted.replace("en_vigueur = 2023-09-01", "en_vigueur = 2024-09-01")}],
            "CapacityAsked": [{"activity": "cantine", "unit": "repas", "days": ["2024-01-22"], "places": 9}],
            "ClosureAsked": [{"day": "2024-06-06", "reason": "greve", "activity": "cantine", "site": "centre"}],
            "SheetAsked": [{"activity": "cantine", "unit": "repas", "day": "2024-01-15", "children": [line]}],
        }

    def of_demandes(self) -> dict[str, list[Any]]:
        first, second = self.children
        child = self.world.child(self.home, "mercredis")
        wednesday, monday = {"day": "2024-04-03", "unit": "journee"}, {"day": "2024-01-22", "unit": "repas"}
        period = {"from": "2024-05-01", "to": "2024-06-30", "weekdays": ["wednesday"], "unit": "journee"}
        waiting = [{"number": self.demande(day), "approve": "all"} for day in ("2024-06-12", "2024-06-26")]
        return {
            "DemandeAsked": [
                {"child": child, "activity": "mercredis", "reserve": [wednesday]},
                {"child": first, "activity": "mercredis", "reserve": [wednesday], "also_for": [second]},
                {"child": first, "activity": "mercredis", "repeat": period, "partial": True},
                {"child": first, "activity": "cantine", "cancel": [monday], "counter": {"approve": True}},
            ],
            "ChildDemandeAsked": [
                {"kind": "enrolment", "activity": "vacances", "first_day": "2024-02-10", "last_day": "2024-02-24"}
            ],
            "HouseholdDemandeAsked": [
                {"kind": "member", "identity": IDENTITY},
                {"kind": "contact_person", "identity": IDENTITY, "contact": CONTACT, "collects": True},
                {"kind": "situation", "situation": "married", "person": self.guardians[0]},
                {"kind": "contact", "contact": CONTACT, "person": self.guardians[1]},
            ],
            "DecisionSaid": [{"approve": "all"}, {"approve": "none", "reason": "complet"}],
            "QueueDecided": [{"decisions": [decision]} for decision in waiting],
        }

    def of_families(self) -> dict[str, list[Any]]:
        home, alone = self.home, self.world.household("parent-forgotten")
        young = self.world.child(alone)
        half = {"child": self.shared(), "first_day": "2024-01-08", "proof": PROOF}
        alternating = {"even_weeks": home, "odd_weeks": self.other_home}
        holidays = {"even_years": self.other_home, "odd_years": home}
        excepted = {"last_day": "2024-05-12", "household": self.other_home}
        return {
            "ChildAsked": [{"household": home}, {"household": home, "identity": CHILD}],
            "EnrolmentAsked": [{"activity": "vacances", "first_day": "2024-04-01", "last_day": "2024-07-05"}],
            "EnrolmentEnd": [{"last_day": "2024-07-03"}],
            "MealBroughtAsked": [{"activity": "cantine", "brought": True, "first_day": "2024-02-01"}],
            "TariffStatusAsked": [{"residence": "outside", "regime": "msa", "first_day": "2024-02-01"}],
            "HouseholdJoined": [{"household": self.other_home}],
            "CustodyAsked": [
                {**half, "kind": "alternating", **alternating, "holidays": holidays},
                {**half, "kind": "exception", "first_day": "2024-05-08", **excepted},
                {**half, "kind": "end", "first_day": "2024-09-02"},
            ],
            "PeopleAsked": [{"household": home}, {"household": home, "person": self.guardians[0]}],
            "ErasureAsked": [{"child": young, **AGREEMENT}, {"household": alone, **AGREEMENT}],
        }

    def of_accounts(self) -> dict[str, list[Any]]:
        home = self.world.household("parent-keys")
        waiting = self.guardian(home)
        keys = [self.key(home, guardian=self.guardian(home))["text"] for _ in range(3)]
        return {
            "AccountAsked": [{"subject": f"idp|{number}"} for number in range(2)],
            "KeyTyped": [{"key": key} for key in (*keys, self.key(home, uses=10)["text"])],
            "ActivationAsked": [SAID],
            "ActivationDecided": [
                {"refuse": "unknown_family"},
                {"grant": {"household": home, "guardian": waiting}},
            ],
        }


def callers(world: World) -> dict[str, list[str]]:
    """By operation, somebody of each role that may come in, the agent first."""
    staff = [(role, world.token(role, f"{role}-1")) for role in ("agent", "admin", "auditor", "billing", "portal")]
    parents = [("guardian", world.token("guardian", subject)) for subject in PARENTS]
    newcomers = [world.token("guardian", f"newcomer-{number}") for number in range(NEWCOMERS)]
    found = {
        operation: [token for role, token in (*staff, *parents) if rights.admits(role)]
        for operation, rights in OPERATIONS.items()
    }
    alone = ("POST /me/key", "GET /me/activation", "POST /me/activation")
    return {**found, **dict.fromkeys(alone, newcomers)}
