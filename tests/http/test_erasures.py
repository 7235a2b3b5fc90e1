"""Forgetting over HTTP: proposed, agreed to, done, listed; and afterwards the word for it where a name was."""

from typing import Any
from uuid import uuid4

import pytest

from tests.http.regie import issue
from tests.http.world import Who, World, made, refused
from tests.servers import Database
from tests.vault import papers_made as papers

CANARY = "Canarizoe"
IDENTITY = {"given_name": CANARY, "family_name": "De Valmont", "birth_date": "2016-02-03"}
AGREEMENT = {"agreement": "AD78-2026/12", "agreed_by": "archives-1", "agreed_on": "2024-09-02"}
AFTER = "2024-09-02 10:00"
"""Once the school year of the cast is over."""


class Family:
    """A guardian and a child of whom something is known."""

    def __init__(self, world: World, subject: str = "parent-1") -> None:
        self.world, self.subject = world, subject
        self.household = world.household(subject)
        self.child = world.child(self.household, "cantine")
        [guardian] = made(world.agent.get(f"/households/{self.household}/guardians"), 200)["guardians"]
        self.guardian = guardian["guardian"]
        for path in (f"/children/{self.child}", f"/households/{self.household}/people/{self.guardian}"):
            made(put(world.agent, f"{path}/identity", IDENTITY), 200)
        made(put(self.parent, f"/children/{self.child}/health", {"items": ["asthma"]}), 200)

    @property
    def parent(self) -> Who:
        return self.world.guardian(self.subject)


def put(who: Who, path: str, body: Any) -> Any:
    return who.send("PUT", path, body=body, key=uuid4().hex)


@pytest.fixture
def admin(world: World) -> Who:
    return world.who("admin")


@pytest.fixture
def family(world: World) -> Family:
    return Family(world)


def test_a_proposal_says_what_would_go_and_what_stays_and_never_what_it_says(
    world: World, family: Family, admin: Who
) -> None:
    world.clock.set(AFTER)
    answer = admin.post("/erasures/preview", {"household": family.household})
    said = made(answer, 200)
    assert said["allowed"]
    assert CANARY not in answer.text
    people = {one["person"]: one for one in said["people"]}
    [read] = made(world.agent.get(f"/households/{family.household}/reads", limit=1), 200)["reads"]
    assert (read["operation"], read["purpose"]) == ("POST /erasures/preview", "rights_request")
    assert set(people) == {family.child, family.guardian}
    child = people[family.child]
    assert (child["role_label"], child["erased"], child["reasons"]) == ("Enfant", False, [])
    assert [(one["label"], one["count"]) for one in child["destroyed"]] == [
        ("Fiche (santé)", 1),
        ("Fiche (identité)", 1),
    ]
    kept = {one["what"]: one for one in said["kept"]}
    assert kept["facts"]["until"] == "2034-01-15"
    assert kept["facts"]["count"] > 4
    assert "dix ans" in kept["facts"]["ground"]
    assert "12 mois" in kept["access_log"]["ground"]


def test_a_proposal_says_how_much_another_household_handed_in(world: World, family: Family, admin: Who) -> None:
    other = world.household("parent-2")
    made(world.agent.post(f"/children/{family.child}/households", {"household": other}))
    for subject, titles in (("parent-1", "a"), ("parent-2", "bc")):
        for title in titles:
            paper = papers.pdf(title=title)
            made(world.guardian(subject).hand_in(paper, kind="certificat-medical", about=family.child))
    told = {}
    for household in (family.household, other):
        said = made(admin.post("/erasures/preview", {"household": household}), 200)
        [child] = [one for one in said["people"] if one["person"] == family.child]
        told[household] = [(one["count"], one["elsewhere"]) for one in child["destroyed"] if one["what"] == "document"]
    assert told == {family.household: [(3, 2)], other: [(3, 1)]}


def test_what_stands_in_the_way_is_said_and_refused_alike(family: Family, admin: Who) -> None:
    said = made(admin.post("/erasures/preview", {"household": family.household}), 200)
    assert not said["allowed"]
    reasons = {one["person"]: [reason["code"] for reason in one["reasons"]] for one in said["people"]}
    assert reasons == {family.child: ["still_enrolled"], family.guardian: ["still_answering"]}
    asked = {"household": family.household, **AGREEMENT, "agreed_on": "2024-01-10"}
    problem = refused(admin.post("/erasures", asked), "still_enrolled")
    assert [(one["code"], one["child"]) for one in problem["errors"]] == [
        ("still_enrolled", family.child),
        ("still_answering", family.child),
    ]
    assert made(family.parent.get(f"/children/{family.child}/identity"), 200)["identity"]["given_name"] == CANARY


def test_a_family_that_owes_is_forgotten_once_its_account_is_settled(
    world: World, family: Family, admin: Who, module_database: Database
) -> None:
    issue(module_database, world.commune, family.household, 901, 5_511, "2023-11")
    world.clock.set(AFTER)
    said = made(admin.post("/erasures/preview", {"household": family.household}), 200)
    [reason] = [reason for one in said["people"] for reason in one["reasons"]]
    assert (reason["code"], reason["title"], said["allowed"]) == ("still_owing", "Compte non soldé", False)
    asked = {"household": family.household, **AGREEMENT}
    refused(admin.post("/erasures", asked), "still_owing")
    done = made(admin.post("/erasures", {**asked, "settled_elsewhere": True}), 200)
    assert sorted(done["erased"]) == sorted([family.child, family.guardian])


def test_a_family_is_erased_and_its_account_opens_nothing(world: World, family: Family, admin: Who) -> None:
    neighbours = Family(world, "parent-2")
    world.clock.set(AFTER)
    key = uuid4().hex
    asked = {"household": family.household, **AGREEMENT}
    said = made(admin.post("/erasures", asked, key=key), 200)
    assert sorted(said["erased"]) == sorted([family.child, family.guardian])
    assert said["already"] == []
    again = admin.post("/erasures", asked, key=key)
    assert (again.json(), again.headers["idempotency-hit"]) == (said, "true")
    agent = world.agent
    assert made(agent.get(f"/children/{family.child}"), 200)["erased"] is True
    identity = made(agent.get(f"/children/{family.child}/identity"), 200)
    assert (identity["erased"], identity["identity"]) == (True, None)
    person = made(agent.get(f"/households/{family.household}/people/{family.guardian}"), 200)
    assert (person["erased"], person["identity"]) == (True, None)
    refused(family.parent.get(f"/children/{family.child}"), "not_found", 404)
    refused(put(agent, f"/children/{family.child}/identity", IDENTITY), "not_found", 404)
    other = made(agent.get(f"/children/{neighbours.child}/identity"), 200)
    assert other["identity"]["given_name"] == CANARY


def test_what_is_kept_is_kept_as_the_rulebook_in_force_says(world: World, family: Family, admin: Who) -> None:
    content = made(admin.get("/rulebook/versions/2023-09"), 200)["content"]
    content = content.replace('version = "2023-09"', 'version = "2024-01"').replace("2023-09-01", "2024-01-16")
    content = f'{content}\n[conservation]\njournal_des_acces = "7 mois"\n'
    made(admin.post("/rulebook/versions", {"content": content}))
    grounds = []
    for now in ("2024-01-15 23:59", "2024-01-16 00:01"):
        world.clock.set(now)
        kept = made(admin.post("/erasures/preview", {"household": family.household}), 200)["kept"]
        grounds += [one["ground"] for one in kept if one["what"] == "access_log"]
    assert ["12 mois" in grounds[0], "7 mois" in grounds[1]] == [True, True]


def test_erased_again_says_already_erased(world: World, family: Family, admin: Who) -> None:
    world.clock.set(AFTER)
    asked = {"household": family.household, **AGREEMENT}
    made(admin.post("/erasures", asked), 200)
    said = made(admin.post("/erasures", asked), 200)
    assert said["erased"] == []
    assert sorted(said["already"]) == sorted([family.child, family.guardian])
    proposal = made(admin.post("/erasures/preview", {"household": family.household}), 200)
    assert all(one["erased"] and one["destroyed"] == [] for one in proposal["people"])


def test_a_child_alone_and_one_person_alone(world: World, family: Family, admin: Who) -> None:
    world.clock.set(AFTER)
    one = {"household": family.household, "person": family.guardian}
    refused(admin.post("/erasures", {**one, **AGREEMENT}), "still_answering")
    assert made(admin.post("/erasures", {"child": family.child, **AGREEMENT}), 200)["erased"] == [family.child]
    assert made(admin.post("/erasures", {**one, **AGREEMENT}), 200)["erased"] == [family.guardian]


def test_the_list_is_read_page_after_page(world: World, admin: Who) -> None:
    families = [Family(world, f"parent-{number}") for number in range(2)]
    world.clock.set(AFTER)
    for family in families:
        made(admin.post("/erasures", {"household": family.household, **AGREEMENT}), 200)
    auditor, found, cursor = world.who("auditor"), [], None
    while True:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = made(auditor.get("/erasures", limit=1, **more), 200)
        found += page["erasures"]
        cursor = page["next"]
        if cursor is None:
            break
    assert {one["person"] for one in found} == {one for each in families for one in (each.child, each.guardian)}
    assert len(found) == 4
    assert {(one["agreement"], one["agreed_by"], one["agreed_on"]) for one in found} == {
        ("AD78-2026/12", "archives-1", "2024-09-02")
    }
    refused(auditor.get("/erasures", cursor="nonsense"), "invalid_cursor", 422)


def test_the_word_for_it_stands_where_a_name_did(world: World, family: Family, admin: Who) -> None:
    made(family.parent.ask(family.child, "cantine", "2024-01-22"))
    world.clock.set("2024-01-22 12:00")
    agent, sheet = world.agent, "/activities/cantine/day-sheet"
    [line] = made(agent.get(sheet, day="2024-01-22"), 200)["children"]
    assert (line["name"], line["erased"]) == (f"{CANARY} De Valmont", False)
    assert made(world.who("auditor").get(sheet, day="2024-01-22"), 200)["children"][0]["name"] is None
    calendar = f"/children/{family.child}/calendar"
    for who, name in ((agent, f"{CANARY} De Valmont"), (family.parent, f"{CANARY} De Valmont"), ("auditor", None)):
        asking = world.who("auditor") if isinstance(who, str) else who
        for path, query in ((calendar, {"month": "2024-01"}), (f"/children/{family.child}", {})):
            known = made(asking.get(path, **query), 200)
            assert (known["name"], known["erased"]) == (name, False)
    world.clock.set(AFTER)
    made(admin.post("/erasures", {"household": family.household, **AGREEMENT}), 200)
    for who in (agent, world.who("auditor")):
        [line] = made(who.get(sheet, day="2024-01-22"), 200)["children"]
        assert (line["name"], line["erased"]) == ("effacé", True)
        said = made(who.get(calendar, month="2024-01"), 200)
        assert (said["name"], said["erased"]) == ("effacé", True)
        assert "reserved" in {box["state"] for box in said["days"] if box["day"] == "2024-01-22"}
        child = made(who.get(f"/children/{family.child}"), 200)
        assert (child["name"], child["erased"]) == ("effacé", True)
    home = made(agent.get(f"/households/{family.household}"), 200)
    assert {one["given_name"] for one in home["identities"].values()} == {"effacé"}


@pytest.mark.parametrize("role", ["guardian", "agent", "auditor", "billing"])
def test_only_an_admin_erases(world: World, family: Family, role: str) -> None:
    who = world.who(role, "parent-1" if role == "guardian" else None)
    for path in ("/erasures", "/erasures/preview"):
        body = {"household": family.household, **(AGREEMENT if path == "/erasures" else {})}
        refused(who.post(path, body), "not_found", 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"agreement": ""},
        {"agreement": "-1"},
        {"agreement": "a" * 65},
        {"agreement": "accord de Zoé"},
        {"agreed_by": "Zoé Archiviste"},
        {"agreed_by": ""},
        {"agreed_on": "2024-01-16"},
        {"agreed_on": "hier"},
        {"household": None},
        {"household": "x"},
        {"child": str(uuid4())},
        {"reason": "x"},
    ],
)
def test_what_is_not_an_agreement_erases_nobody(family: Family, admin: Who, wrong: dict[str, Any]) -> None:
    asked = {"household": family.household, **AGREEMENT, "agreed_on": "2024-01-10", **wrong}
    refused(admin.post("/erasures", asked), "invalid_request", 422)


def test_nobody_of_that_name_is_not_found(family: Family, admin: Who) -> None:
    for asked in (
        {"household": str(uuid4())},
        {"child": str(uuid4())},
        {"household": family.household, "person": str(uuid4())},
    ):
        refused(admin.post("/erasures/preview", asked), "not_found", 404)
        refused(admin.post("/erasures", {**asked, **AGREEMENT, "agreed_on": "2024-01-10"}), "not_found", 404)
