"""The three towns that come with the house."""

import re
from datetime import date

import pytest

from ledger.identifiers import Commune, Slug, is_slug
from rulebook.deadlines import deadline
from rulebook.openings import days_between, offered
from rulebook.reader import read_rulebook
from rulebook.rulebook import Rulebook, Verb
from rulebook.towns import communes, load, town_files
from tests.rulebook.town import at

READ = {(commune, version): read_rulebook(content) for commune, version, content in town_files()}
VILLENNES = READ[Commune("villennes-sur-seine"), "2023-09"]
CHANTELOUP = READ[Commune("chanteloup-les-vignes"), "2023-09"]


def test_each_town_has_its_versions_oldest_first() -> None:
    assert communes() == ("chanteloup-les-vignes", "villars", "villennes-sur-seine")
    assert [read_rulebook(content).version for content in load(Commune("villars"))] == ["2022-09", "2026-09"]
    assert not load(Commune("paris"))
    assert not load(Commune("../towns"))


@pytest.mark.parametrize(("key", "rulebook"), READ.items())
def test_a_file_says_the_town_and_the_version_of_its_name(key: tuple[str, str], rulebook: Rulebook) -> None:
    assert (rulebook.commune, rulebook.version) == key
    assert rulebook.in_force_from == date.fromisoformat(f"{key[1]}-01")


def test_no_file_holds_a_contact_of_a_real_office() -> None:
    for _, _, content in town_files():
        assert not re.search(r"@|\b0[1-9](?:[ .]?\d\d){4}\b|https?://|\b(?:rue|avenue)\b", content)


def test_every_activity_is_offered_this_school_year() -> None:
    days = list(days_between(date(2026, 9, 1), date(2027, 8, 31)))
    for (_, version), rulebook in READ.items():
        if version != "2026-09":
            continue
        for activity in rulebook.activities.values():
            assert any(offered(rulebook, activity, day) for day in days), activity.slug


def test_matteo_asks_on_the_eighth_of_march_for_the_ninth_and_tenth_of_april_and_is_in_time() -> None:
    activity = VILLENNES.activities[Slug("alsh-petites-vacances")]
    unit = activity.units[Slug("journee")]
    for day in (date(2024, 4, 9), date(2024, 4, 10)):
        assert unit in offered(VILLENNES, activity, day, group=Slug("les-winners"))
        assert not deadline(VILLENNES, activity, unit, day, verb=Verb.BOOK).is_late(at("2024-03-07T19:32"))
    assert activity.groups[Slug("les-winners")] == "Les Winners (8-10 ans)"
    assert activity.sites[Slug("l-ile-aux-enfants")] == "Centre de Loisirs l'île aux enfants"


def test_the_article_of_the_wednesday_is_the_one_families_are_told() -> None:
    activity = VILLENNES.activities[Slug("alsh-mercredis")]
    found = deadline(VILLENNES, activity, activity.units[Slug("journee")], date(2024, 3, 27), verb=Verb.CANCEL)
    assert (found.article, found.late) == ("4.1", "refuse")
    assert found.last_instant is not None
    assert found.last_instant.isoformat().replace("+00:00", "Z") == "2024-03-12T22:59:59.999999Z"


@pytest.mark.parametrize("slug", ["accueil-matin", "accueil-soir", "midi", "mercredis"])
def test_chanteloup_counts_15_days_inclusively_and_forgives_back_to_school(slug: str) -> None:
    activity = CHANTELOUP.activities[Slug(slug)]
    assert activity.book == activity.cancel
    unit = next(iter(activity.units.values()))
    found = deadline(CHANTELOUP, activity, unit, date(2023, 10, 11), verb=Verb.BOOK)
    assert found.closes_at == at("2023-09-28T00:00")
    assert not found.is_late(at("2023-09-30T23:59:59"))
    assert found.is_late(at("2023-10-01T00:00"))
    assert found.late == "surcharge"


def test_an_autumn_session_of_chanteloup_closes_four_weeks_before_it_begins() -> None:
    activity = CHANTELOUP.activities[Slug("vacances")]
    for day in days_between(date(2023, 10, 23), date(2023, 10, 27)):
        found = deadline(CHANTELOUP, activity, activity.units[Slug("journee")], day, verb=Verb.BOOK)
        assert found.closes_at == at("2023-09-26T00:00")


def test_every_name_of_a_town_is_a_slug() -> None:
    for rulebook in READ.values():
        for slug, activity in rulebook.activities.items():
            for name in (slug, *activity.units, *activity.sites, *activity.groups):
                assert is_slug(name)
