"""A town that bills: its rulebook with tariffs, and a régisseur's gestures."""

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
    asked = {"amount_cents": cents, "source": "caf", "first_day": first_day}
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
