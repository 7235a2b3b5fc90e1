"""The cast: one invented town with a rule of every kind, its families, and the three towns that come with Ardoise."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import NAMESPACE_DNS, uuid5
from zoneinfo import ZoneInfo

from ledger.identifiers import ChildId, Commune, HouseholdId, Slug
from rulebook.towns import load

PARIS: Final = ZoneInfo("Europe/Paris")
GRANDS: Final = Slug("grands")
CENTRE: Final = Slug("centre")

VALMONT: Final = Commune("valmont")
VILLENNES: Final = Commune("villennes-sur-seine")
CHANTELOUP: Final = Commune("chanteloup-les-vignes")
VILLARS: Final = Commune("villars")


@dataclass(frozen=True, kw_only=True)
class Person:
    """A child of the cast."""

    name: str
    household: HouseholdId
    group: Slug = GRANDS
    site: Slug = CENTRE

    @property
    def id(self) -> ChildId:
        return ChildId(str(uuid5(NAMESPACE_DNS, self.name)))


def _household(name: str) -> HouseholdId:
    return HouseholdId(str(uuid5(NAMESPACE_DNS, name)))


ROSSI: Final = _household("rossi")
DIALLO: Final = _household("diallo")
LEFEVRE: Final = _household("lefevre")
MATTEO: Final = Person(name="matteo", household=ROSSI)
CHIARA: Final = Person(name="chiara", household=ROSSI)
LUCA: Final = Person(name="luca", household=ROSSI, group=Slug("petits"))
AWA: Final = Person(name="awa", household=DIALLO)
MOUSSA: Final = Person(name="moussa", household=DIALLO)
JEANNE: Final = Person(name="jeanne", household=LEFEVRE, group=Slug("petits"), site=Slug("prairie"))

MERCREDIS: Final = Slug("mercredis")
CANTINE: Final = Slug("cantine")
ETUDE: Final = Slug("etude")
GARDERIE: Final = Slug("garderie")
VACANCES: Final = Slug("vacances")


def at(text: str) -> datetime:
    """An instant, from the clock of the town hall: `2024-03-07 19:12`."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def day(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)


def rulebooks(commune: Commune) -> list[str]:
    """The texts a town adopted, oldest first."""
    return [RULEBOOK] if commune == VALMONT else load(commune)


RULEBOOK: Final = f"""
commune = "{VALMONT}"
nom = "Valmont"
version = "2023-09"
en_vigueur = 2023-09-01
zone = "C"

[motifs.refus]
complet = "Il ne reste plus de place"
autre = "Autre motif"

[motifs.derogation]
urgence = "Urgence familiale"

[motifs.absence]
maladie = "Enfant malade"
sortie = "Sortie scolaire"

[motifs.fermeture]
greve = "Grève"
pont = "Pont"

[[tolerances]]
nom = "Rentrée"
article = "0.1"
demandes_au = "30 septembre"
activites = ["etude"]

[[fermetures]]
du = 2024-05-29
au = 2024-05-29
motif = "pont"
activites = ["mercredis"]

# Decided by an agent, in groups; the whole day takes the places of both halves.
[activites.mercredis]
nom = "Mercredis"
article = "4"
instruction = "agent"
jours = ["mercredi"]
quand = "ecole"

[activites.mercredis.unites.journee]
nom = "Journée"
debut = "07:30"
article = "4.2"
exclut = ["matinee", "apres-midi"]
prend_les_places_de = ["matinee", "apres-midi"]

[activites.mercredis.unites.matinee]
nom = "Matinée"
debut = "07:30"
exclut = ["apres-midi"]

[activites.mercredis.unites.apres-midi]
nom = "Après-midi"
debut = "13:30"

[activites.mercredis.groupes]
petits = "Les petits"
grands = "Les grands"

[activites.mercredis.delai]
article = "4.1"
type = "jours"
nombre = 15
heure = "23:59"
retard = "refus"

[activites.mercredis.places]
par = "groupe"
nombre = 2

# Decided by the rule, at two sites, with a document for every absence.
[activites.cantine]
nom = "Cantine"
article = "3"
instruction = "regle"
jours = ["lundi", "mardi", "jeudi", "vendredi"]
quand = "ecole"

[activites.cantine.unites.repas]
nom = "Repas"
debut = "11:30"
exclut = ["panier"]

[activites.cantine.unites.panier]
nom = "Panier du foyer"
debut = "11:30"

[activites.cantine.sites]
centre = "École du centre"
prairie = "École de la prairie"

[activites.cantine.delai]
article = "3.2"
type = "jour de la semaine"
jour = "mercredi"
semaines_avant = 1
heure = "23:59"
retard = "refus"

[activites.cantine.places]
nombre = 2

[activites.cantine.absence]
article = "3.4"
instruction = "agent"
jours_apres = 15
justificatif_pour = ["maladie"]

# Late is dearer, and nothing is late until 30 September; the study needs the snack; nobody counts places.
[activites.etude]
nom = "Étude"
article = "5"
instruction = "regle"
jours = ["lundi", "mardi", "jeudi", "vendredi"]
quand = "ecole"

[activites.etude.unites.gouter]
nom = "Goûter"
debut = "16:30"

[activites.etude.unites.etude]
nom = "Étude"
debut = "17:00"
exige = ["gouter"]

[activites.etude.delai]
article = "5.1"
type = "jours"
nombre = 8
retard = "majoration"

# Late is left to an agent; absences are accepted by the rule; attendance is by the hour.
[activites.garderie]
nom = "Garderie"
article = "6"
instruction = "regle"
jours = ["lundi", "mardi", "jeudi", "vendredi"]
quand = "ecole"

[activites.garderie.unites.soir]
nom = "Soir"
debut = "16:30"
exclut = ["court"]
au_temps_passe = "oui"

[activites.garderie.unites.court]
nom = "Soir court"
debut = "16:30"

[activites.garderie.delai]
article = "6.1"
type = "jours"
nombre = 2
retard = "agent"

[activites.garderie.places]
nombre = 30

[activites.garderie.absence]
article = "6.4"
instruction = "regle"
jours_apres = 10

# Opens on a Sunday at 20:00; places are taken only when the town accepts.
[activites.vacances]
nom = "Vacances"
article = "7"
instruction = "agent"
places_tenues = "accord"
jours = ["lundi", "mardi", "mercredi", "jeudi", "vendredi"]
quand = "vacances"

[[activites.vacances.sessions]]
nom = "Printemps"
premier_jour = 2024-04-08
dernier_jour = 2024-04-12
ouverture = "2024-03-03 20:00"
limite = "2024-03-24 23:59"

[activites.vacances.unites.journee]
nom = "Journée"
debut = "08:00"

[activites.vacances.unites.navette]
nom = "Navette"
debut = "07:30"
exige = ["journee"]

[activites.vacances.delai]
article = "7.1"
type = "date publiee"
retard = "refus"

[activites.vacances.places]
nombre = 1
"""
