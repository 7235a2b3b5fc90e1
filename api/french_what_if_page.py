"""What the page of a what-if says around its figures, for the council."""

from collections.abc import Iterator
from typing import Final

from api.french_bill_job import number
from api.french_what_if import Made
from replay.what_if.brackets import FEWEST

TITLE: Final = "Et si… {name}, {period}"
SUBTITLE: Final = "Ce qu'aurait changé le projet « {title} » (version {version})"
CONTENTS: Final = "Sommaire"
ANSWER: Final = "En bref"
REAL: Final = "En réalité"
HERE: Final = "Avec le projet"
LESS, SAME, MORE = "paieraient moins", "sans changement", "paieraient plus"
ENDS: Final = ("← moins", "plus, en euros →")
CARD_TOTAL: Final = "sur les factures de la période"
CARD_HOUSEHOLDS: Final = "foyers paieraient moins / plus"
CARD_TURNED: Final = "jours demandés auraient eu une autre réponse"
ASSUMED_TITLE: Final = "Ce qui est supposé"
UNKNOWN_TITLE: Final = "Ce qu'on ne peut pas savoir"
AGAIN_TITLE: Final = "Refaire ce rapport"
MONTHS_CHART: Final = "Total des factures de chaque mois, en réalité et avec le projet"
GROUPS_CHART: Final = "Total des factures de chaque tranche de quotient, en réalité et avec le projet"
CLASSES_CHART: Final = "Nombre de foyers selon ce qu'ils paieraient de moins ou de plus"
TURNED_CHART: Final = "Nombre de jours dont la réponse aurait changé"
FIGURES: Final = "Les mêmes chiffres en tableau"

ASSUMED: Final = (
    (
        "Les familles demandent les mêmes jours, aux mêmes instants : celle à qui un jour est refusé ne demande "
        "rien d'autre à la place, et un tarif plus bas ou plus haut ne change rien à ce qu'elle demande."
    ),
    (
        "Un enfant dont le jour est refusé ne vient pas. Un enfant dont le jour est accordé, alors qu'il ne "
        "l'était pas, vient."
    ),
    (
        "Un jour rendu, que le projet ne permettrait plus de rendre, reste réservé : l'enfant est absent, sans "
        "justification."
    ),
    (
        "Les agents décident comme ils ont décidé : ce qu'ils ont accepté le reste, s'il y a une place, et ce "
        "qu'ils ont refusé aussi."
    ),
    (
        "Le projet s'applique à tous les jours de la période, et aux jours suivants, comme s'il avait été connu "
        "quand ils ont été demandés. Les jours d'avant la période gardent leur règlement."
    ),
    (
        "Les quotients, les situations tarifaires, les fermetures, les places ouvertes au jour le jour et la garde"
        " des enfants sont ceux du registre, avec les dates qu'ils y ont."
    ),
    (
        "Chaque mois est compté d'après ce que le registre en sait aujourd'hui : une correction faite depuis "
        "l'émission d'une facture est comptée dans le mois qu'elle corrige."
    ),
    "Une demande est regardée jour par jour : ce qui peut en être accordé l'est.",
)
RECONSIDERED: Final = (
    "Ce que des agents ont refusé pour ce motif est accordé quand il reste une place avec le projet : {reasons}."
)
UNKNOWN: Final = (
    (
        "Une demande que la règle a refusée sur-le-champ n'a laissé aucune trace dans le registre : elle ne peut "
        "pas être posée de nouveau. Ce que le projet accorderait à ces familles n'est pas compté."
    ),
    (
        "Les familles qui n'ont rien demandé, parce qu'elles savaient le délai passé ou les places prises, ne sont"
        " pas comptées non plus."
    ),
)
CAME: Final = "{count} jours où un enfant est venu, et dont la demande aurait été refusée : ils ne sont pas comptés."
CAME_ONE: Final = "1 jour où un enfant est venu, et dont la demande aurait été refusée : il n'est pas compté."
MADE_UP: Final = (
    "Jours réservés avec le projet, et qui ne l'étaient pas : {present} comptés comme des présences, {absent} comme "
    "des absences."
)
PRIVACY: Final = (
    f"Aucun nom, aucun identifiant. Une tranche de quotient de moins de {FEWEST} foyers est comptée avec sa voisine. "
    "Les dix plus grands écarts sont ceux de foyers que rien ne désigne, hors leur tranche et leur nombre d'enfants."
)
AGAIN: Final = (
    "Le même règlement et la même position du registre donnent, au centime, le même rapport. Rien n'a été écrit au "
    "registre."
)
POSITION, VERSION, DIGEST, COMMAND = "Position du registre", "Règlement", "Empreinte du texte (SHA-256)", "Commande"


def title(made: Made, period: str) -> str:
    """The title of the page."""
    return TITLE.format(name=made.rulebook.name, period=period)


def subtitle(made: Made) -> str:
    """Which text it is about."""
    return SUBTITLE.format(title=made.report.title or made.rulebook.name, version=made.report.version)


def assumed(made: Made) -> Iterator[str]:
    """Every hypothesis, and what they came to here."""
    yield from ASSUMED
    if made.reconsidered:
        reasons = (f"« {made.rulebook.refusal_reasons[reason]} »" for reason in made.reconsidered)
        yield RECONSIDERED.format(reasons=", ".join(reasons))
    report = made.report
    if report.lost:
        yield CAME_ONE if report.lost == 1 else CAME.format(count=number(report.lost))
    if any(report.assumed.values()):
        yield MADE_UP.format(**{came: number(count) for came, count in report.assumed.items()})


def again(made: Made) -> Iterator[tuple[str, str]]:
    """What is needed to make the report again."""
    report = made.report
    reasons = "".join(f" --reconsider {reason}" for reason in made.reconsidered)
    yield POSITION, f"{made.commune}, {number(report.position)}"
    yield VERSION, report.version
    yield DIGEST, made.digest
    months = f"--from {report.months[0][0]} --to {report.months[-1][0]}"
    files = f"--position {report.position} --html RAPPORT.html"
    yield COMMAND, f"ardoise what-if --rulebook PROJET.toml {months}{reasons} {files}"
