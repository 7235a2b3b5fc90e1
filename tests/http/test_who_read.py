"""Who read the file of a household, over HTTP: the town tells a family, and nothing of another family."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from api import french_access
from api.authorisation import OPERATIONS
from api.cursors import write_cursor
from api.door import operation_of
from api.french_export import OF_THE_TERMINAL
from api.service import ROUTERS
from tests.http.test_as_of import patiently
from tests.http.world import Who, World, made, refused


@dataclass
class Homes:
    """A child of two households, and a child of the first one alone."""

    world: World
    home: str
    other: str
    shared: str
    only: str

    @property
    def parent(self) -> Who:
        return self.world.guardian("parent-1")

    @property
    def ex(self) -> Who:
        return self.world.guardian("parent-2")

    def reads(self, who: Who, home: str = "", **asked: Any) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = made(who.get(f"/households/{home or self.home}/reads", **asked), 200)["reads"]
        return said

    def operations(self, who: Who, home: str = "") -> list[str]:
        return [line["operation"] for line in self.reads(who, home)]


@pytest.fixture
def homes(world: World) -> Homes:
    home, other = world.household("parent-1"), world.household("parent-2")
    shared, only = world.child(home, "mercredis"), world.child(home, "mercredis")
    made(world.agent.post(f"/children/{shared}/households", {"household": other}))
    world.clock.set("2024-01-16 10:00")
    return Homes(world, home, other, shared, only)


def later(world: World, text: str) -> None:
    world.clock.set(text)


def test_a_family_reads_that_an_agent_looked_when_and_for_what(homes: Homes):
    made(homes.world.who("agent", "agent-7", "guichet").get(f"/children/{homes.only}"), 200)
    [line] = homes.reads(homes.parent)
    assert line == {
        "read_at": "2024-01-16T09:00:00Z",
        "role": "agent",
        "role_label": "Agent de la commune",
        "actor": "agent-7",
        "client": "guichet",
        "operation": "GET /children/{child}",
        "operation_label": "Un enfant",
        "purpose": "family_management",
        "purpose_label": "Gestion du dossier de la famille",
        "about": sorted([homes.home, homes.only]),
    }


def test_a_household_that_an_answer_names_is_among_those_it_is_about(homes: Homes):
    world, agent, then = homes.world, homes.world.agent, homes.world.clock.instant.isoformat()
    custody = {
        "child": homes.shared,
        "kind": "alternating",
        "first_day": "2024-01-01",
        "even_weeks": homes.home,
        "odd_weeks": homes.other,
        "proof": {"kind": "judgement", "seen_on": "2024-01-08"},
    }
    made(agent.post(f"/households/{homes.home}/custody", custody))
    child, week = f"/children/{homes.shared}", {"week": "2024-W03"}
    for path, asked in [
        (child, {}),
        (child, {"as_of": then}),
        (f"{child}/calendar", week),
        (f"{child}/calendar", {**week, "as_of": world.clock.instant.isoformat()}),
        (f"/households/{homes.home}/custody", {}),
        (f"/households/{homes.home}/custody", {"as_of": world.clock.instant.isoformat()}),
    ]:
        world.clock.instant += timedelta(minutes=1)
        made(patiently(lambda path=path, asked=asked: world.who("auditor").get(path, **asked)), 200)
        for who, home in ((homes.parent, homes.home), (homes.ex, homes.other)):
            assert homes.reads(who, home)[0]["about"] == sorted([homes.shared, home]), (path, asked)


def test_every_operation_that_reads_has_the_name_the_interface_gives_it():
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    named = {operation_of(route): route.summary for route in routes}
    read = {name: named[name] for name, rights in OPERATIONS.items() if rights.reads}
    assert {**read, **OF_THE_TERMINAL} == french_access.OPERATIONS


def test_a_guardian_is_named_as_the_household_names_them_and_asking_is_a_read_too(homes: Homes):
    [guardian] = made(homes.parent.get("/me"), 200)["households"]
    homes.reads(homes.parent)
    said = homes.reads(homes.world.agent)
    assert [line["actor"] for line in said] == [guardian["guardian"]] * 2
    assert {line["operation"] for line in said} == {"GET /me", "GET /households/{household}/reads"}
    assert "parent-1" not in str(said)


def test_what_the_other_parent_reads_is_told_to_the_town_and_not_to_the_family(homes: Homes):
    made(homes.ex.get(f"/children/{homes.shared}"), 200)
    made(homes.ex.get("/me"), 200)
    assert homes.operations(homes.parent) == []
    told = homes.reads(homes.world.who("auditor"))
    by_the_ex = [line for line in told if line["purpose"] == "own_file" and line["about"] == [homes.shared]]
    assert sorted(line["operation"] for line in by_the_ex) == ["GET /children/{child}", "GET /me"]
    assert homes.other not in str(told)
    assert "parent-2" not in str(told)


def test_an_agent_who_reads_a_demande_of_the_other_household_tells_the_family_nothing(homes: Homes):
    agent = homes.world.agent
    [theirs] = made(homes.ex.ask(homes.shared, "mercredis", "2024-03-06"))["demandes"]
    made(agent.get(f"/demandes/{theirs['number']}"), 200)
    assert "GET /demandes/{number}" not in homes.operations(homes.parent)
    assert "GET /demandes/{number}" in homes.operations(homes.ex, homes.other)
    assert "GET /demandes/{number}" in homes.operations(agent)


def test_a_list_with_demandes_of_both_households_is_told_to_both(homes: Homes):
    made(homes.ex.ask(homes.shared, "mercredis", "2024-03-06"))
    made(homes.parent.ask(homes.only, "mercredis", "2024-03-06"))
    made(homes.world.agent.get("/demandes"), 200)
    for who, home in ((homes.parent, homes.home), (homes.ex, homes.other)):
        [line] = [line for line in homes.reads(who, home) if line["operation"] == "GET /demandes"]
        assert home in line["about"]
        assert not ({homes.home, homes.other} - {home}) & set(line["about"])


def test_the_child_of_one_household_is_nothing_to_the_other(homes: Homes):
    made(homes.world.agent.get(f"/children/{homes.only}"), 200)
    assert homes.operations(homes.ex, homes.other) == []


def test_the_day_sheet_is_told_to_every_family_on_it_with_its_own_children_only(homes: Homes):
    for child in (homes.shared, homes.only):
        made(homes.parent.ask(child, "mercredis", "2024-03-06"))
    made(homes.world.agent.get("/activities/mercredis/day-sheet", day="2024-03-06"), 200)
    [line] = homes.reads(homes.parent)
    assert sorted(line["about"]) == sorted([homes.shared, homes.only])
    [line] = homes.reads(homes.ex, homes.other)
    assert (line["about"], line["purpose"]) == ([homes.shared], "attendance")


def test_the_latest_come_first_page_after_page(homes: Homes):
    for hour in range(5):
        later(homes.world, f"2024-01-17 1{hour}:00")
        made(homes.world.agent.get(f"/children/{homes.only}"), 200)
    later(homes.world, "2024-01-18 10:00")
    auditor, path = homes.world.who("auditor"), f"/households/{homes.home}/reads"
    first = made(auditor.get(path, limit="3", to="2024-01-17"), 200)
    second = made(auditor.get(path, limit="3", to="2024-01-17", cursor=first["next"]), 200)
    instants = [line["read_at"] for said in (first, second) for line in said["reads"]]
    assert instants == [f"2024-01-17T{hour:02}:00:00Z" for hour in (13, 12, 11, 10, 9)]
    assert second["next"] is None


def test_a_page_never_repeats_nor_forgets_a_line_of_the_same_instant(homes: Homes):
    for _ in range(7):
        made(homes.world.agent.get(f"/children/{homes.only}"), 200)
    later(homes.world, "2024-01-16 11:00")
    auditor, seen, cursor = homes.world.who("auditor"), 0, {}
    while True:
        said = made(auditor.get(f"/households/{homes.home}/reads", limit="3", to="2024-01-16", **cursor), 200)
        seen += sum(line["operation"] == "GET /children/{child}" for line in said["reads"])
        if said["next"] is None:
            break
        cursor = {"cursor": said["next"]}
    assert seen == 7


def test_days_are_those_of_the_town_both_included(homes: Homes):
    for instant in ("2024-01-17 23:59", "2024-01-18 00:00", "2024-01-18 23:59", "2024-01-19 00:00"):
        later(homes.world, instant)
        made(homes.world.agent.get(f"/children/{homes.only}"), 200)
    later(homes.world, "2024-01-25 10:00")

    def instants(**days: str) -> list[str]:
        return [line["read_at"] for line in homes.reads(homes.world.agent, **days)]

    assert instants(from_="2024-01-18", to="2024-01-18") == ["2024-01-18T22:59:00Z", "2024-01-17T23:00:00Z"]
    assert instants(to="2024-01-17") == ["2024-01-17T22:59:00Z"]
    assert instants(from_="2024-01-19", to="2024-01-20") == ["2024-01-18T23:00:00Z"]
    assert instants(from_="2024-01-20", to="2024-01-24") == []


def test_an_impossible_period_or_a_forged_cursor_is_refused(homes: Homes):
    path = f"/households/{homes.home}/reads"
    refused(homes.parent.get(path, from_="2024-01-19", to="2024-01-18"), "invalid_request", 422)
    refused(homes.parent.get(path, from_="hier"), "invalid_request", 422)
    for place in (("x", str(uuid4())), ("2024-01-18T22:59:00Z", "x"), ("2024-01-18T22:59:00Z", 3), ()):
        refused(homes.parent.get(path, cursor=write_cursor("reads", place)), "invalid_cursor", 422)
    refused(homes.parent.get(path, cursor=write_cursor("documents", ("a", "b"))), "invalid_cursor", 422)


def test_a_stranger_cannot_tell_a_household_from_none(homes: Homes):
    for path in (f"/households/{homes.home}/reads", f"/households/{uuid4()}/reads"):
        refused(homes.ex.get(path), "not_found", 404)
        for role in ("billing", "admin", "portal"):
            refused(homes.world.who(role).get(path), "not_found", 404)
    refused(homes.world.agent.get(f"/households/{uuid4()}/reads"), "not_found", 404)


# Those who were of the household -------------------------------------------------------------------------------------


def joined(homes: Homes, subject: str) -> tuple[Who, str]:
    """Another guardian of the first household."""
    said = made(homes.world.agent.post(f"/households/{homes.home}/guardians", {"subject": subject}))
    return homes.world.guardian(subject), said["guardian"]


@pytest.mark.parametrize("gone", ["", "/account"])
def test_what_a_guardian_read_before_they_left_stays_told_to_the_family(homes: Homes, gone: str):
    second, guardian = joined(homes, "parent-3")
    later(homes.world, "2024-01-17 10:00")
    made(second.get(f"/households/{homes.home}"), 200)
    later(homes.world, "2024-01-18 10:00")
    made(homes.world.agent.delete(f"/households/{homes.home}/guardians/{guardian}{gone}"), 200)
    for who in (homes.parent, homes.world.agent):
        [line] = [line for line in homes.reads(who) if line["operation"] == "GET /households/{household}"]
        assert (line["actor"], line["role"]) == (guardian, "guardian")
    assert "parent-3" not in str(homes.reads(homes.parent))


def test_what_they_read_once_they_are_of_another_household_is_not(homes: Homes):
    second, guardian = joined(homes, "parent-3")
    later(homes.world, "2024-01-17 10:00")
    made(second.get(f"/children/{homes.shared}"), 200)
    later(homes.world, "2024-01-18 10:00")
    made(homes.world.agent.delete(f"/households/{homes.home}/guardians/{guardian}"), 200)
    made(homes.world.agent.post(f"/households/{homes.other}/guardians", {"subject": "parent-3"}))
    later(homes.world, "2024-01-19 10:00")
    made(second.get(f"/children/{homes.shared}"), 200)

    def instants(who: Who, home: str) -> list[str]:
        told = [line for line in homes.reads(who, home) if line["operation"] == "GET /children/{child}"]
        return [line["read_at"] for line in told]

    assert instants(homes.parent, homes.home) == ["2024-01-17T09:00:00Z"]
    assert instants(homes.ex, homes.other) == ["2024-01-19T09:00:00Z"]
