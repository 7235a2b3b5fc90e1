"""One small town whose rules a test writes, and the questions it asks of them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ledger.identifiers import Slug
from rulebook.deadlines import Deadline, deadline
from rulebook.reader import read_rulebook
from rulebook.rulebook import Activity, Rulebook, Unit, Verb

PARIS = ZoneInfo("Europe/Paris")
WEEK = '["lundi", "mardi", "mercredi", "jeudi", "vendredi"]'
EVERY_DAY = '["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]'


def text(
    delai: str = 'type = "jours"\nnombre = 15',
    *,
    days: str = EVERY_DAY,
    when: str = "tous",
    zone: str = "C",
    top: str = "",
    activity: str = "",
    unit: str = 'debut = "11:45"',
    more: str = "",
) -> str:
    """A whole rulebook around one deadline."""
    return f"""
commune = "ville"
nom = "Ville"
version = "2023-09"
en_vigueur = 2023-09-01
zone = "{zone}"
{top}

[activites.accueil]
nom = "Accueil"
article = "1"
instruction = "regle"
jours = {days}
quand = "{when}"
ouvert_feries = "oui"
{activity}

[activites.accueil.unites.repas]
nom = "Repas"
{unit}

[activites.accueil.delai]
{delai}

{more}
"""


def town(delai: str = 'type = "jours"\nnombre = 15', **around: str) -> Rulebook:
    return read_rulebook(text(delai, **around))


def only_activity(rulebook: Rulebook) -> Activity:
    return next(iter(rulebook.activities.values()))


def unit_of(activity: Activity, slug: str = "") -> Unit:
    return activity.units[Slug(slug)] if slug else next(iter(activity.units.values()))


def asked(rulebook: Rulebook, day: str | date, verb: Verb = Verb.BOOK, unit: str = "") -> Deadline:
    activity = only_activity(rulebook)
    when = day if isinstance(day, date) else date.fromisoformat(day)
    return deadline(rulebook, activity, unit_of(activity, unit), when, verb=verb)


def last_minute(rulebook: Rulebook, day: str | date, verb: Verb = Verb.BOOK, unit: str = "") -> str:
    """The last announced minute, in wall time: 2024-03-12T23:59."""
    last = asked(rulebook, day, verb, unit).last_instant
    assert last is not None
    return last.astimezone(rulebook.timezone).strftime("%Y-%m-%dT%H:%M")


def at(wall: str, fold: int = 0) -> datetime:
    """The instant a Paris clock shows a time."""
    return datetime.fromisoformat(wall).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)
