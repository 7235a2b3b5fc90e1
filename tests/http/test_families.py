"""Households, guardians, children, enrolments, and who I am."""

from uuid import uuid4

import pytest

from tests.http.world import World, made, refused


def test_a_household_is_opened_empty_and_read_where_its_location_says(world: World) -> None:
    answer = world.agent.post("/households")
    said = made(answer)
    nobody = {"guardians": [], "children": [], "members": [], "contacts": [], "identities": {}}
    assert said == {"household": said["household"], **nobody}
    assert answer.headers["location"] == f"/v1/{world.commune}/households/{said['household']}"
    read = world.agent.get(f"/households/{said['household']}")
    assert made(read, 200) == said
    assert "etag" not in read.headers


def test_a_guardian_is_added_with_or_without_an_account_which_is_tied_later(world: World) -> None:
    household = world.household("parent-1")
    later = made(world.agent.post(f"/households/{household}/guardians"))
    assert later["subject"] is None
    path = f"/households/{household}/guardians/{later['guardian']}/account"
    tied = made(world.agent.post(path, {"subject": "parent-2"}), 200)
    assert (tied["guardian"], tied["subject"]) == (later["guardian"], "parent-2")
    read = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    assert {row["subject"] for row in read} == {"parent-1", "parent-2"}
    assert read == made(world.agent.get(f"/households/{household}"), 200)["guardians"]


def test_a_guardian_is_not_told_the_account_of_another(world: World) -> None:
    household = world.household("parent-1", "parent-2")
    for path in (f"/households/{household}", f"/households/{household}/guardians"):
        for subject in ("parent-1", "parent-2"):
            rows = made(world.guardian(subject).get(path), 200)["guardians"]
            assert [row["subject"] for row in rows if row["subject"]] == [subject]
            assert len({row["guardian"] for row in rows}) == 2
        for role in ("agent", "auditor"):
            rows = made(world.who(role).get(path), 200)["guardians"]
            assert {row["subject"] for row in rows} == {"parent-1", "parent-2"}


def test_an_account_is_tied_once(world: World) -> None:
    household = world.household("parent-1")
    refused(world.agent.post(f"/households/{household}/guardians", {"subject": "parent-1"}), "already_linked")
    other = made(world.agent.post(f"/households/{household}/guardians", {"subject": "parent-2"}))["guardian"]
    path = f"/households/{household}/guardians/{other}/account"
    refused(world.agent.post(path, {"subject": "parent-3"}), "already_linked")
    refused(world.agent.post(path, {"subject": "parent-1"}), "already_linked")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/households/{id}/guardians", {}),
        ("/households/{id}/guardians/{id}/account", {"subject": "parent-9"}),
        ("/children/{id}/enrolments", {"activity": "cantine", "first_day": "2024-01-01", "last_day": "2024-02-01"}),
        ("/children/{id}/enrolments/{id}/end", {"last_day": "2024-01-01"}),
        ("/demandes/4711/decision", {"approve": "all"}),
    ],
)
def test_nothing_can_be_done_to_what_does_not_exist(world: World, path: str, body: dict[str, str]) -> None:
    refused(world.agent.post(path.replace("{id}", str(uuid4())), body), "not_found", 404)


def test_a_child_is_registered_in_a_household_of_the_town(world: World) -> None:
    household = world.household("parent-1")
    answer = world.agent.post("/children", {"household": household})
    said = made(answer)
    assert answer.headers["location"] == f"/v1/{world.commune}/children/{said['child']}"
    read = made(world.guardian().get(f"/children/{said['child']}"), 200)
    assert (read["child"], read["household"], read["enrolments"]) == (said["child"], household, [])
    assert (read["households"], read["custody"], read["erased"]) == ([household], False, False)
    assert made(world.guardian().get(f"/households/{household}"), 200)["children"] == [said["child"]]
    refused(world.agent.post("/children", {"household": str(uuid4())}), "not_found", 404)


def test_a_child_is_enrolled_for_a_period_and_the_answers_carry_the_version_of_its_page(world: World) -> None:
    parent, child = world.family()
    asked = {"activity": "mercredis", "first_day": "2023-09-06", "last_day": "2024-07-03", "group": "petits"}
    answer = world.agent.post(f"/children/{child}/enrolments", asked)
    said = made(answer)
    assert said == {"enrolment": said["enrolment"], "site": None, **asked}
    read = parent.get(f"/children/{child}/enrolments")
    assert made(read, 200) == {"enrolments": [said]}
    assert read.headers["etag"] == answer.headers["etag"] == '"2"'


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"activity": "judo"}, "unknown_activity", 422),
        ({"site": "plage"}, "unknown_site", 422),
        ({"site": None}, "unknown_site", 422),
        ({"group": "grands"}, "unknown_group", 422),
        ({"last_day": "2023-09-01"}, "period_reversed", 422),
        ({}, "already_enrolled", 409),
    ],
)
def test_an_enrolment_the_rulebook_does_not_know_is_refused(
    world: World, change: dict[str, str], code: str, status: int
) -> None:
    _, child = world.family("parent-1", "cantine")
    asked = {"activity": "cantine", "first_day": "2023-09-04", "last_day": "2024-07-05", "site": "centre", **change}
    refused(world.agent.post(f"/children/{child}/enrolments", asked), code, status)


def test_ending_an_enrolment_cancels_what_was_reserved_later_under_a_number_of_its_own(world: World) -> None:
    parent, child = world.family()
    enrolment = world.enrol(child, "cantine")
    made(parent.ask(child, "cantine", "2024-01-22", "2024-01-29"))
    path = f"/children/{child}/enrolments/{enrolment}/end"
    ended = made(world.agent.post(path, {"last_day": "2024-01-26"}), 200)
    assert ended["last_day"] == "2024-01-26"
    assert [day["day"] for day in ended["cancelled"][0]["days"]] == ["2024-01-29"]
    assert world.taken("cantine", "2024-01-29")["repas", ""][0] == 0
    assert world.taken("cantine", "2024-01-22")["repas", ""][0] == 1
    cancelled, reserved = made(parent.get("/demandes"), 200)["demandes"]
    assert (cancelled["days"][0]["action"], cancelled["days"][0]["outcome"]) == ("cancel", "approved")
    assert ended["cancelled"][0]["number"] == cancelled["number"] != reserved["number"]
    refused(parent.ask(child, "cantine", "2024-02-01"), "outside_enrolment")
    refused(world.agent.post(path, {"last_day": "2024-01-26"}), "period_reversed", 422)


def test_an_enrolment_is_not_ended_while_later_days_wait_for_a_decision(world: World) -> None:
    parent, child = world.family()
    enrolment = world.enrol(child, "mercredis")
    made(parent.ask(child, "mercredis", "2024-03-27"))
    answer = world.agent.post(f"/children/{child}/enrolments/{enrolment}/end", {"last_day": "2024-03-20"})
    assert refused(answer, "already_awaiting")["errors"][0]["day"] == "2024-03-27"


def test_a_command_about_a_child_may_name_the_version_it_expects(world: World) -> None:
    _, child = world.family()
    asked = {"activity": "garderie", "first_day": "2023-09-04", "last_day": "2024-07-05"}
    refused(world.agent.post(f"/children/{child}/enrolments", asked, If_Match='"7"'), "version_changed", 412)
    made(world.agent.post(f"/children/{child}/enrolments", asked, If_Match='"7", "1"'))


def test_everybody_is_told_who_they_are_and_what_they_may_do(world: World) -> None:
    parent, child = world.family()
    household = made(parent.get(f"/children/{child}"), 200)["household"]
    said = made(parent.get("/me"), 200)
    assert (said["subject"], said["role"], said["commune"]) == ("parent-1", "guardian", world.commune)
    assert said["children"] == [{"child": child, "household": household}]
    assert [row["household"] for row in said["households"]] == [household]
    assert "submit_demandes" in said["may"]
    for role in ("agent", "auditor", "billing", "admin"):
        said = made(world.who(role).get("/me"), 200)
        assert (said["role"], "children" in said, bool(said["may"])) == (role, False, True)


def test_a_child_of_two_households_is_told_once_to_a_parent_of_both(world: World) -> None:
    first = world.household("parent-1")
    second = world.household("parent-1")
    child = world.child(first)
    said = made(world.guardian().get("/me"), 200)
    assert said["children"] == [{"child": child, "household": first}]
    assert sorted(row["household"] for row in said["households"]) == sorted([first, second])
