"""Which places a reservation takes, and how many there are."""

from datetime import date

import pytest

from ledger.identifiers import Commune, Slug
from rulebook.places import capacity, pools
from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Place, Rulebook
from rulebook.towns import load
from tests.rulebook.town import only_activity, town

MONDAY = date(2024, 3, 25)
HOUSES = 'sites = {nord = "Nord", sud = "Sud"}\ngroupes = {petits = "Petits", grands = "Grands"}'


def with_places(places: str, unit: str = "") -> Rulebook:
    return town(activity=HOUSES, unit=unit, more=f"[activites.accueil.places]\n{places}")


def counted(rulebook: Rulebook, day: date = MONDAY, site: str = "nord", group: str = "petits") -> list[int | None]:
    activity = only_activity(rulebook)
    unit = activity.units[Slug("repas")]
    return [
        capacity(rulebook, activity, place, day) for place in pools(activity, unit, site=Slug(site), group=Slug(group))
    ]


def test_the_winners_of_villennes_have_their_own_24_places() -> None:
    rulebook = read_rulebook(load(Commune("villennes-sur-seine"))[0])
    activity = rulebook.activities[Slug("alsh-mercredis")]
    (place,) = pools(activity, activity.units[Slug("journee")], site=None, group=Slug("les-winners"))
    assert place == Place(Slug("journee"), "les-winners")
    assert capacity(rulebook, activity, place, date(2024, 3, 27)) == 24


def test_a_whole_day_of_chanteloup_takes_a_place_of_each_half() -> None:
    rulebook = read_rulebook(load(Commune("chanteloup-les-vignes"))[0])
    activity = rulebook.activities[Slug("mercredis")]
    taken = pools(activity, activity.units[Slug("journee")], site=None, group=None)
    assert [place.unit for place in taken] == ["apres-midi", "matinee"]
    half = pools(activity, activity.units[Slug("matinee")], site=None, group=None)
    assert half[0] in taken


@pytest.mark.parametrize(
    ("sharing", "pool"), [("tous", ""), ("groupe", "petits"), ("site", "nord"), ("site et groupe", "nord/petits")]
)
def test_the_pool_says_among_whom_places_are_counted(sharing: str, pool: str) -> None:
    activity = only_activity(with_places(f'par = "{sharing}"\nnombre = 10'))
    unit = activity.units[Slug("repas")]
    assert pools(activity, unit, site=Slug("nord"), group=Slug("petits")) == (Place(Slug("repas"), pool),)


def test_without_a_number_places_are_unlimited() -> None:
    assert counted(town()) == [None]
    assert counted(with_places('nombre = "illimité"')) == [None]


def test_the_last_line_that_applies_wins() -> None:
    rulebook = with_places(
        'par = "site et groupe"\nnombre = 10\ngroupes = {grands = 20}\nsites = {sud = 15}\n'
        '[[activites.accueil.places.regles]]\nnombre = 5\njours = ["mercredi"]\n'
        '[[activites.accueil.places.regles]]\nnombre = 7\nsites = ["nord"]\ngroupes = ["grands"]\nquand = "vacances"\n'
        "[[activites.accueil.places.regles]]\nnombre = 3\ndu = 2024-06-01\nau = 2024-06-30"
    )
    assert counted(rulebook) == [10]
    assert counted(rulebook, group="grands") == [20]
    assert counted(rulebook, site="sud") == [15]
    assert counted(rulebook, date(2024, 3, 27)) == [5]
    assert counted(rulebook, date(2024, 4, 8), group="grands") == [7]
    assert counted(rulebook, date(2024, 6, 30)) == [3]


def test_places_for_a_group_are_refused_when_places_are_for_everybody() -> None:
    with pytest.raises(RulebookError, match="par groupe"):
        with_places("nombre = 10\ngroupes = {grands = 20}")
