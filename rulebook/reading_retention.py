"""The [conservation] of a rulebook, read from its section, and said back in French."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rulebook.retention import DEFAULTS, Retention, Term
from rulebook.tables import Table
from rulebook.words import plain, printable

TERM: Final = re.compile(r"([0-9]{1,4}) (jours?|mois|ans?|annees?)")


def months(count: int) -> Term:
    """So many months."""
    return Term(count=count, unit="month")


def days(count: int) -> Term:
    """So many days."""
    return Term(count=count, unit="day")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    key: str
    """As the clerk writes it."""
    least: Term
    most: Term
    said: str
    why: str
    """What the bounds come from, for who wrote less or more."""


LINES: Final[Mapping[str, _Line]] = MappingProxyType(
    {
        "access_log": _Line(
            key="journal_des_acces",
            least=months(6),
            most=months(36),
            said="Le journal des accès est conservé {} après chaque consultation",
            why="la CNIL recommande de six mois à un an, et trois ans au plus quand un contrôle interne le justifie",
        ),
        "file": _Line(
            key="dossier",
            least=months(1),
            most=months(120),
            said="Le dossier d'une famille est conservé {} après la fin de la dernière inscription de ses enfants",
            why="un dossier ne se garde que le temps utile au service",
        ),
        "documents": _Line(
            key="pieces_justificatives",
            least=days(1),
            most=months(60),
            said="Un justificatif est conservé {} après son dépôt",
            why="un justificatif ne se garde que le temps utile au service",
        ),
        "health": _Line(
            key="sante",
            least=days(1),
            most=months(12),
            said="Les consignes de santé d'un enfant sont conservées {} après la fin de sa dernière inscription",
            why="elles se redemandent à chaque inscription",
        ),
        "refused_activations": _Line(
            key="demandes_d_activation",
            least=months(2),
            most=months(24),
            said="Une demande d'activation refusée est conservée {} après le refus",
            why="le refus peut être contesté pendant deux mois",
        ),
        "answers": _Line(
            key="reponses",
            least=days(1),
            most=months(12),
            said="La réponse à une commande est conservée {}, le temps de pouvoir la renvoyer",
            why="un portail ne renvoie pas une commande après des mois",
        ),
    }
)
"""By the name of the term."""


def read_retention(top: Table) -> Retention:
    """The terms a town writes, and ours where it writes none."""
    table = top.table("conservation")
    if table is None:
        return DEFAULTS
    terms = {name: _term(table, line, getattr(DEFAULTS, name)) for name, line in LINES.items()}
    article = table.text("article", "") or None
    table.close()
    return Retention(**terms, article=article, written=True)


def _term(table: Table, line: _Line, default: Term) -> Term:
    written = table.text(line.key, "") if table.has(line.key) else ""
    if not written:
        return default
    hint = f'écrivez {line.key} = "{words(default)}", ou une autre durée en jours, en mois ou en années'
    found = TERM.fullmatch(plain(written))
    if found is None:
        table.wrong(line.key, f"« {printable(written)} » n'est pas une durée", hint)
        return default
    count, unit = int(found[1]), found[2]
    term = days(count) if unit.startswith("jour") else months(count if unit == "mois" else count * 12)
    if not line.least.at_most_days <= term.at_most_days <= line.most.at_most_days:
        allowed = f"de {words(line.least)} à {words(line.most)}"
        table.wrong(
            line.key, f"« {printable(written)} » sort des durées possibles : {line.why}", f"écrivez une durée {allowed}"
        )
        return default
    return term


def words(term: Term) -> str:
    """A term as a clerk writes it."""
    if term.unit == "day":
        return f"{term.count} jour{'s' if term.count > 1 else ''}"
    years, rest = divmod(term.count, 12)
    if rest or years < 2:
        return f"{term.count} mois"
    return f"{years} ans"


def retention_sentences(retention: Retention) -> Iterator[str]:
    """What a town that writes a [conservation] keeps, and for how long; nothing for a town that writes none."""
    if not retention.written:
        return
    for name, line in LINES.items():
        kept: Term = getattr(retention, name)
        article = f" (article {retention.article})" if retention.article else ""
        ours = " (la durée habituelle)" if kept == getattr(DEFAULTS, name) else article
        yield f"{line.said.format(words(kept))}{ours}."
