"""A town that bills: its rulebook with tariffs, and a régisseur's gestures."""

import time
from itertools import count
from typing import Any, Final

import httpx

from ledger.identifiers import Commune
from tests.http.world import NOW, Who, World, made
from tests.town import RULEBOOK, VALMONT, at

TARIFFS: Final = """
[quotient]
article = "6"

[tarifs.restauration]
libelle = "Repas"
article = "7.1"
nature = "repas"
imputation = "7067"
activites = ["cantine"]
unites = ["repas"]
tranches = [{ a_partir_de = 0, prix = 1.00 }, { a_partir_de = 600, prix = 3.27 }, { a_partir_de = 1200, prix = 4.50 }]

[[tarifs.restauration.ajustements]]
libelle = "Majoration sans réservation"
article = "7.2"
quand = "sans réservation"
montant = 1.50

[[tarifs.restauration.grilles]]
nom = "À partir du troisième enfant"
article = "7.3"
a_partir_du_rang = 3
tranches = [{ a_partir_de = 0, prix = 0.50 }]

[tarifs.mercredis]
libelle = "Accueil du mercredi"
article = "7.4"
nature = "garde"
imputation = "7066"
activites = ["mercredis"]
taux = "1 %"
plancher = 2.00
plafond = 14.00
sans_quotient = "maximum"

[regie]
nom = "Régie de Valmont"
moyens = ["par chèque à l'ordre de la régie"]
"""
_towns = count(1)


def billing_town(service: World, *, tariffs: str = TARIFFS, now: str = NOW) -> World:
    """A town of its own that adopted a rulebook with tariffs, the summer before."""
    town = service.of(Commune(f"{VALMONT}-b{next(_towns)}"))
    service.clock.instant = at("2023-07-03 09:00")
    text = RULEBOOK.replace(f'commune = "{VALMONT}"', f'commune = "{town.commune}"') + tariffs
    made(town.who("admin").post("/rulebook/versions", {"content": text}))
    service.clock.set(now)
    return town


def quotient(world: World, household: str, cents: int, first_day: str = "2023-09-01") -> None:
    """The town holds a quotient familial true."""
    asked = {"amount_cents": cents, "source": "caf", "first_day": first_day, "regularisation": True}
    made(world.agent.post(f"/households/{household}/quotients", asked))


def meal(child: str, *days: str, **more: Any) -> dict[str, Any]:
    """What meals would cost."""
    return {"child": child, "activity": "cantine", "days": [{"day": day, "unit": "repas"} for day in days], **more}


def price(who: Who, body: dict[str, Any]) -> Any:
    """The answer to a preview."""
    return made(who.post("/prices/preview", body), 200)


def simulated(who: Who, **body: Any) -> httpx.Response:
    """A price for nobody in particular."""
    return who.post("/prices/simulation", body)


# A month -------------------------------------------------------------------------------------------------------------

JANUARY: Final = "2024-01"
MEALS: Final = ("2024-01-22", "2024-01-23")


def regie(world: World) -> Who:
    """The régisseur."""
    return world.who("billing")


def reserved(world: World, *, cents: int | None = 65_000, subject: str = "parent-1") -> tuple[str, str]:
    """A household and its child, who has two meals in January."""
    household = world.household(subject)
    if cents is not None:
        quotient(world, household, cents)
    child = world.child(household, "cantine")
    made(world.guardian(subject).ask(child, "cantine", *MEALS))
    return household, child


def came(world: World, child: str, *days: str, presence: str = "present") -> None:
    """An agent writes down who came, each day after it."""
    for day in days:
        world.clock.set(f"{day} 13:40")
        marks = [{"child": child, "presence": presence}]
        made(
            world.agent.post("/attendance", {"activity": "cantine", "unit": "repas", "day": day, "children": marks}),
            200,
        )


def until(world: World, month: str, *states: str) -> Any:
    """The month, once it is in one of these states: the billing works beside the doors."""
    deadline = time.monotonic() + 30
    while True:
        said = made(regie(world).get(f"/billing/{month}"), 200)
        if said["state"] in states or said["error"]:
            return said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def drafted(world: World, month: str = JANUARY) -> Any:
    """A draft that was asked for, once it is ready."""
    answer = regie(world).post(f"/billing/{month}/draft")
    assert answer.headers["Retry-After"]
    made(answer, 202)
    return until(world, month, "draft")


def closed(world: World, month: str = JANUARY, **asked: Any) -> Any:
    """A month closed on its draft, once every titre is issued."""
    position = drafted(world, month)["position"]
    made(regie(world).post(f"/billing/{month}/close", {"position": position, **asked}), 202)
    return until(world, month, "closed")


def titre_of(world: World, household: str, month: str = JANUARY) -> Any:
    """The titre of a household for a month, with its lines."""
    [row] = [
        row for row in made(regie(world).get(f"/households/{household}/titres"), 200)["titres"] if row["month"] == month
    ]
    return made(regie(world).get(f"/titres/{row['titre']}"), 200)
