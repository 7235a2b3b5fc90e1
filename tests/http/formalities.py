"""What a household asks for over HTTP, in tests: its papers, its demandes, and what the town says."""

from typing import Any
from uuid import uuid4

from tests.http.world import Who, World, made
from tests.town import RULEBOOK, VALMONT
from tests.vault import papers_made as papers

ADDRESS = {"lines": ["3 rue des Lilas"], "postcode": "42390", "city": "Villars", "country": "FR"}
TELEPHONE = {"telephone": "06 12 34 56 78"}
ROSE = {"given_name": "Rose", "family_name": "Exemple"}
BY_RULE = (
    '[demarches.contact]\narticle = "9.1"\ninstruction = "regle"\n[demarches.inscription]\ninstruction = "regle"\n'
)


def paper(who: Who, **asked: str) -> str:
    """A document the guardian handed in, another at each call."""
    document: str = made(who.hand_in(papers.pdf(title=uuid4().hex), **asked))["document"]
    return document


def asks(who: Who, household: str, kind: str, **said: Any) -> dict[str, Any]:
    [demande] = made(who.post(f"/households/{household}/demandes", {"kind": kind, **said}))["demandes"]
    return dict(demande)


def decide(world: World, demande: dict[str, Any], **said: Any) -> dict[str, Any]:
    answer = world.agent.post(f"/demandes/{demande['number']}/decision", said or {"approve": "all"})
    return dict(made(answer, 200))


def person(world: World, household: str, who: str) -> dict[str, Any]:
    return dict(made(world.agent.get(f"/households/{household}/people/{who}"), 200))


def adopt(world: World, more: str) -> None:
    """The council votes another rulebook, in force today."""
    text = RULEBOOK.replace(f'commune = "{VALMONT}"', f'commune = "{world.commune}"').replace("2023-09", "2024-01", 1)
    text = text.replace("en_vigueur = 2024-01-01", "en_vigueur = 2024-01-15").replace("2023-09-01", "2024-01-15", 1)
    made(world.who("admin").post("/rulebook/versions", {"content": text + more}))
