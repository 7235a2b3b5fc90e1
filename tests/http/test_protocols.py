"""The protocol of a child stays until whoever handed it in, or the town, takes it away; nothing else opens by it."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from tests.http.world import Who, World, made, refused
from tests.vault import papers_made as papers

PROOF = {"kind": "judgement", "seen_on": "2024-01-15"}
PROTOCOL = ["individual_protocol"]


class Parents:
    """A child of two households, whose mother handed its protocol in."""

    def __init__(self, world: World, *, custody: bool = False) -> None:
        self.world = world
        self.hers, self.his = world.household("mother-1", "mother-2"), world.household("father-1")
        self.child = world.child(self.hers)
        made(world.agent.post(f"/children/{self.child}/households", {"household": self.his}))
        if custody:
            weeks = {"even_weeks": self.hers, "odd_weeks": self.his}
            asked = {"child": self.child, "proof": PROOF, "kind": "alternating", "first_day": "2023-09-01"}
            made(world.agent.post(f"/households/{self.hers}/custody", {**asked, **weeks}))
        self.mother, self.father = world.guardian("mother-1"), world.guardian("father-1")
        self.document = self.paper(self.mother)
        made(self.say(self.mother, protocol=self.document), 200)

    def paper(self, who: Who, pages: int = 1, kind: str = "protocole") -> str:
        return str(made(who.hand_in(papers.pdf(pages), kind=kind, about=self.child))["document"])

    def say(self, who: Who, items: list[str] = PROTOCOL, *, key: str = "", **protocol: Any) -> httpx.Response:
        body = {"items": items, **protocol}
        return who.send("PUT", f"/children/{self.child}/health", body=body, key=key or uuid4().hex)

    def insist(self, who: Who, items: list[str] = PROTOCOL, **protocol: Any) -> httpx.Response:
        """The same, again when somebody was faster five times running, as the answer asks."""
        while (answer := self.say(who, items, **protocol)).status_code == 409:
            refused(answer, "conflict", 409)
        return answer

    def in_place(self, document: str | None = None) -> bool:
        """Whether an agent reads the mother's protocol, or that one, and opens it."""
        wanted = document or self.document
        read = bool(made(self.world.agent.get(f"/children/{self.child}/health"), 200)["protocol"] == wanted)
        assert read == (self.world.agent.get(f"/documents/{wanted}").status_code == 200)
        return read

    def words(self) -> list[str]:
        items = made(self.world.agent.get(f"/children/{self.child}/health"), 200)["items"]
        return [item["item"] for item in items]


@pytest.fixture
def parents(world: World) -> Parents:
    return Parents(world)


@pytest.mark.parametrize("custody", [False, True])
def test_the_other_household_replaces_the_list_and_the_protocol_stays(world: World, custody: bool) -> None:
    parents = Parents(world, custody=custody)
    more = [*PROTOCOL, "vision_aid"]
    made(parents.say(parents.father, more, protocol=parents.document), 200)
    assert parents.in_place()
    made(parents.say(parents.father, [*more, "asthma"]), 200)
    assert parents.in_place()
    assert parents.words() == [*more, "asthma"]


def test_the_other_household_neither_removes_the_protocol_nor_puts_another_in_its_place(parents: Parents) -> None:
    own = parents.paper(parents.father, 2)
    refused(parents.say(parents.father, protocol=None), "protocol_in_place", 409)
    refused(parents.say(parents.father, [], protocol=None), "protocol_in_place", 409)
    refused(parents.say(parents.father, protocol=own), "protocol_in_place", 409)
    refused(parents.say(parents.father, ["asthma"]), "protocol_in_place", 409)
    assert parents.in_place()
    assert parents.words() == PROTOCOL


def test_a_list_that_would_hide_the_protocol_is_refused_to_everybody(parents: Parents) -> None:
    for who in (parents.mother, parents.father, parents.world.agent):
        refused(parents.say(who, ["asthma"]), "protocol_in_place", 409)
        refused(parents.say(who, ["asthma"], protocol=parents.document), "invalid_request", 422)
    assert parents.in_place()


def test_the_household_that_handed_it_in_and_the_agent_remove_it(parents: Parents) -> None:
    for who in (parents.mother, parents.world.guardian("mother-2"), parents.world.agent):
        made(parents.say(parents.mother, protocol=parents.document), 200)
        assert parents.in_place()
        made(parents.say(who, [], protocol=None), 200)
        assert not parents.in_place()


def test_once_nothing_is_in_place_the_other_household_says_its_own(parents: Parents) -> None:
    made(parents.say(parents.mother, [], protocol=None), 200)
    own = parents.paper(parents.father, 2)
    made(parents.say(parents.father, protocol=own), 200)
    assert parents.in_place(own)
    refused(parents.say(parents.mother, [], protocol=None), "protocol_in_place", 409)


def test_a_household_that_left_the_child_holds_nothing_in_place_any_more(parents: Parents) -> None:
    made(parents.world.agent.delete(f"/children/{parents.child}/households/{parents.hers}"), 200)
    made(parents.say(parents.father), 200)
    assert parents.in_place(), "it stays until somebody says otherwise"
    made(parents.say(parents.father, [], protocol=None), 200)
    assert not parents.in_place()


def test_a_guardian_refers_to_a_paper_of_their_own_about_the_child(parents: Parents) -> None:
    other = parents.paper(parents.world.guardian("mother-2"), 3)
    refused(parents.say(parents.mother, protocol=other), "unknown_document", 422)
    made(parents.say(parents.world.guardian("mother-2"), protocol=other), 200)
    assert parents.in_place(other)


def test_an_agent_opens_no_other_paper_by_calling_it_a_protocol(parents: Parents) -> None:
    agent, paper = parents.world.agent, parents.paper(parents.mother, 2, kind="autre")
    for items in ([], PROTOCOL):
        answer = parents.say(agent, items, protocol=paper)
        assert answer.status_code == 422
        refused(agent.get(f"/documents/{paper}"), "not_found", 404)
    made(parents.say(agent, protocol=parents.document), 200)
    assert parents.in_place()


def test_an_agent_refers_to_the_protocol_a_family_brings_to_the_counter(world: World) -> None:
    household = world.household("parent-1")
    child = world.child(household)
    [guardian] = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    handed_in = world.agent.hand_in(papers.pdf(), kind="protocole", about=child, guardian=guardian["guardian"])
    document = made(handed_in)["document"]
    body = {"items": PROTOCOL, "protocol": document}
    made(world.agent.send("PUT", f"/children/{child}/health", body=body, key=uuid4().hex), 200)
    assert world.agent.get(f"/documents/{document}").status_code == 200


def test_the_same_key_gives_the_same_answer_whatever_became_of_the_protocol(parents: Parents) -> None:
    first = parents.say(parents.father, key="once")
    made(parents.say(parents.mother, [], protocol=None), 200)
    again = parents.say(parents.father, key="once")
    assert (again.status_code, again.content, again.headers["Idempotency-Hit"]) == (200, first.content, "true")
    assert not parents.in_place()


def test_two_who_write_at_once_do_not_undo_each_other(parents: Parents) -> None:
    def hers() -> list[httpx.Response]:
        asked = [([], None), (PROTOCOL, parents.document)] * 8
        return [parents.insist(parents.mother, items, protocol=protocol) for items, protocol in asked]

    def his() -> list[httpx.Response]:
        return [parents.insist(parents.father) for _ in range(24)]

    with ThreadPoolExecutor(2) as pool:
        answers = [answer for ran in [pool.submit(hers), pool.submit(his)] for answer in ran.result()]
    assert {answer.status_code for answer in answers} == {200}
    assert parents.in_place()


def test_no_cursor_names_a_paper_that_is_not_open(parents: Parents) -> None:
    hidden = [parents.paper(parents.mother, pages, kind="autre") for pages in range(2, 6)]
    owner = made(parents.mother.get("/documents"), 200)["documents"][0]["owner"]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {"cursor": cursor} if cursor else {}
        page = made(parents.world.agent.get("/documents", guardian=owner, limit="1", **asked), 200)
        seen += [row["document"] for row in page["documents"]]
        cursor = page["next"]
        assert cursor is None or not any(one in named_by(cursor) for one in hidden)
    assert seen == [parents.document]


def named_by(cursor: str) -> str:
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return str(orjson.loads(raw[6:]))
