"""The story of docs/identity.md, from one end to the other: a portal, two identity providers, a family, an agent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.server import running_server
from api.service import application
from ledger.identifiers import Commune
from ledger.settings import Settings
from tests.http.jwks_endpoint import CLIENT, SECRET, IntrospectionEndpoint, introspection_endpoint, jwks_endpoint
from tests.http.small_house import COMMUNE, ISSUER, Signer
from tests.http.world import Who, made, refused
from tests.servers import Database

FAMILIES = Signer.make("2026-01", issuer="https://login.families.example")
AGENTS = Signer.make("2026-01", "RS256", issuer=ISSUER)
FILE = """
[[issuer]]
iss = "https://login.families.example"
jwks = "{families}"
alias = "familles"
roles = ["guardian", "portal"]

[[issuer]]
iss = "https://identity.example"
jwks = "{agents}"
roles = ["agent", "guardian"]
communes = ["villennes-sur-seine"]
introspection = "{asked}"
client_id = "ardoise"
client_secret_file = "secret"
"""


@dataclass(kw_only=True)
class Town:
    """A running service, and those who come to it with the tokens of their issuers."""

    http: httpx.Client
    asked: IntrospectionEndpoint

    def with_token(self, token: str, commune: str = COMMUNE) -> Who:
        return Who(http=self.http, token=token, commune=Commune(commune))

    @property
    def agent(self) -> Who:
        """An agent of the town, whose token says nothing by itself."""
        self.asked.known["opaque"] = {"active": True, **AGENTS.claims(sub="agent-1", client_id="desk", role="agent")}
        return self.with_token("opaque")

    @property
    def parent(self) -> Who:
        return self.with_token(FAMILIES.token(sub="parent-1"))


@contextmanager
def town_on(database: Database, directory: Path) -> Iterator[Town]:
    with jwks_endpoint(FAMILIES) as families, jwks_endpoint(AGENTS) as agents, introspection_endpoint() as asked:
        asked.signer = AGENTS
        (directory / "secret").write_text(SECRET)
        (directory / "secret").chmod(0o600)
        file = directory / "issuers.toml"
        file.write_text(FILE.format(families=families.url, agents=agents.url, asked=asked.url))
        settings = Settings(
            database_url=database.service_url,
            owner_url=database.owner_url,
            data=directory,
            issuers_file=file,
            development=True,
            pool_size=2,
            read_pool_size=2,
        )
        with running_server(application(settings, database.service_url)) as url, httpx.Client(base_url=url) as http:
            yield Town(http=http, asked=asked)


@pytest.fixture
def town(database: Database, tmp_path: Path) -> Iterator[Town]:
    with town_on(database, tmp_path) as made_town:
        yield made_town


def children(who: Who) -> list[str]:
    return [row["child"] for row in made(who.get("/me"), 200)["children"]]


def test_a_family_comes_through_its_portal_and_sees_its_children_once_the_town_has_tied_its_account(town: Town) -> None:
    assert made(town.http.get("/readyz"), 200)["status"] == "ready"
    portal = town.with_token(FAMILIES.token(sub="portal", client_id="portal", role="guardian"))
    assert made(portal.get("/me"), 200)["role"] == "portal"

    assert made(town.parent.get("/me"), 200)["subject"] == "familles|parent-1"
    assert children(town.parent) == []

    agent = town.agent
    household = made(agent.post("/households"))["household"]
    child = made(agent.post("/children", {"household": household}))["child"]
    guardian = made(agent.post(f"/households/{household}/guardians", {"subject": "familles|parent-1"}))["guardian"]
    assert town.asked.asked[0].credentials.startswith(CLIENT)
    assert children(town.parent) == [child]

    namesake = town.with_token(AGENTS.token(sub="parent-1"))
    assert children(namesake) == [], "the same sub, of another issuer, is somebody else"
    refused(town.with_token(AGENTS.token(sub="familles|parent-1")).get("/me"), "unauthenticated", 401)
    refused(portal.get(f"/children/{child}"), "not_found", 404)

    held = town.parent
    made(agent.delete(f"/households/{household}/guardians/{guardian}/account"), 200)
    assert children(held) == [], "at once, with the token it had"


def test_nobody_signs_for_more_than_the_file_allows(town: Town) -> None:
    refused(town.with_token(FAMILIES.token(role="agent")).get("/me"), "unauthenticated", 401)
    elsewhere = AGENTS.token(role="agent", commune="villars")
    refused(town.with_token(elsewhere, "villars").get("/me"), "unauthenticated", 401)
    refused(town.with_token("unheard-of").get("/me"), "unauthenticated", 401)
