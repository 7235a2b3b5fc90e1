"""How long a town keeps things: what a clerk writes, what is refused and why, and what is understood."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rulebook.explain import explain
from rulebook.reader import RulebookError
from rulebook.reading_retention import LINES, months, words
from rulebook.retention import DEFAULTS, Retention, Term
from rulebook.town import retention_of, rules_of
from tests.rulebook.town import text, town


def kept(*lines: str) -> Retention:
    return town(more="[conservation]\n" + "\n".join(lines)).retention


def said(*lines: str) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        kept(*lines)
    return [str(problem) for problem in caught.value.problems]


def test_a_town_that_writes_nothing_keeps_the_usual_terms() -> None:
    assert town().retention == DEFAULTS
    assert not [sentence for sentence in explain(town()) if "conserv" in sentence]


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("6 mois", months(6)),
        ("1 an", months(12)),
        ("3 ans", months(36)),
        ("1 année", months(12)),
        ("200 jours", Term(count=200, unit="day")),
        ("184 jours", Term(count=184, unit="day")),
        ("1096 jours", Term(count=1096, unit="day")),
        ("  7  MOIS ", months(7)),
    ],
)
def test_a_term_is_written_in_days_months_or_years(written: str, understood: Term) -> None:
    assert kept(f'journal_des_acces = "{written}"').access_log == understood


def test_what_is_not_written_keeps_its_usual_term() -> None:
    assert kept('sante = "1 mois"') == Retention(health=months(1), written=True)


@pytest.mark.parametrize("written", ["toujours", "6", "mois", "-6 mois", "6,5 mois", "douze mois", "6 mois et 3 jours"])
def test_what_is_no_term_is_refused_with_its_line_its_article_and_what_to_write(written: str) -> None:
    [sentence] = said('article = "12"', f'journal_des_acces = "{written}"')
    assert sentence.startswith("ligne 28 · article 12 · ")
    assert f"« {written} » n'est pas une durée" in sentence
    assert 'écrivez journal_des_acces = "12 mois"' in sentence


@pytest.mark.parametrize("line", LINES.values(), ids=lambda line: line.key)
def test_a_term_has_a_least_and_a_most_and_says_why(line) -> None:
    for beyond in ("0 jour", "9999 ans"):
        [sentence] = said(f'{line.key} = "{beyond}"')
        assert line.why in sentence
        assert f"écrivez une durée de {words(line.least)} à {words(line.most)}" in sentence
    for edge in (line.least, line.most):
        assert edge in [getattr(kept(f'{line.key} = "{words(edge)}"'), name) for name in LINES]


def test_the_log_of_accesses_is_never_kept_less_than_any_six_months() -> None:
    for written in ("183 jours", "1097 jours"):
        [sentence] = said(f'journal_des_acces = "{written}"')
        assert "six mois" in sentence


def test_the_article_of_the_terms_is_cited() -> None:
    sentences = explain(town(more='[conservation]\narticle = "12"\njournal_des_acces = "6 mois"'))
    assert "Le journal des accès est conservé 6 mois après chaque consultation (article 12)." in sentences
    assert "Un justificatif est conservé 12 mois après son dépôt (la durée habituelle)." in sentences


@pytest.mark.parametrize("written", ["8", "8.1"])
def test_an_article_without_its_quotes_is_told_with_them(written: str) -> None:
    [sentence] = said(f"article = {written}")
    assert f'écrivez article = "{written}"' in sentence


@pytest.mark.parametrize("value", ["12", "true", '["12 mois"]', "2024-01-01"])
def test_a_value_of_another_kind_is_refused_kindly(value: str) -> None:
    [sentence] = said(f"dossier = {value}")
    assert "« dossier » doit être un texte" in sentence


def test_a_key_with_a_mistake_names_the_right_one() -> None:
    [sentence] = said('journal_acces = "12 mois"')
    assert "écrivez « journal_des_acces »" in sentence


def test_what_was_written_is_said_back_and_what_was_not_is_told_as_usual() -> None:
    sentences = explain(town(more='[conservation]\njournal_des_acces = "6 mois"\nreponses = "1 jour"'))
    assert "Le journal des accès est conservé 6 mois après chaque consultation." in sentences
    assert "La réponse à une commande est conservée 1 jour, le temps de pouvoir la renvoyer." in sentences
    assert "Un justificatif est conservé 12 mois après son dépôt (la durée habituelle)." in sentences


@pytest.mark.parametrize(
    ("term", "now", "then"),
    [
        (months(12), "2024-02-29T10:00:00+00:00", "2023-02-28T10:00:00+00:00"),
        (months(6), "2024-08-31T10:00:00+00:00", "2024-02-29T10:00:00+00:00"),
        (months(1), "2024-01-15T10:00:00+00:00", "2023-12-15T10:00:00+00:00"),
        (months(36), "2024-12-31T23:59:59+00:00", "2021-12-31T23:59:59+00:00"),
        (Term(count=30, unit="day"), "2024-03-01T00:00:00+00:00", "2024-01-31T00:00:00+00:00"),
    ],
)
def test_a_term_ends_on_the_same_day_of_a_month_or_on_its_last_one(term: Term, now: str, then: str) -> None:
    assert term.before(datetime.fromisoformat(now).astimezone(UTC)).isoformat() == then


def test_the_page_of_the_clerk_tells_every_term_as_the_reader_knows_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rulebook.md").read_text(encoding="utf-8")
    for name, line in LINES.items():
        [row] = [row for row in page.splitlines() if row.startswith(f"| `{line.key}` |")]
        usual, possible = words(getattr(DEFAULTS, name)), f"de {words(line.least)} à {words(line.most)}"
        assert row.endswith(f"| {usual} | {possible} |"), row


def test_the_terms_are_those_of_the_rulebook_in_force_on_the_town_s_own_day() -> None:
    first, then = ('version = "2023-09"', 'version = "2024-09"'), ("2023-09-01", "2024-09-01")
    assert retention_of(rules_of([]), datetime(2024, 8, 31, tzinfo=UTC)) == DEFAULTS
    old, new = text(), text(more='[conservation]\nsante = "1 mois"').replace(*first).replace(*then)
    rules = rules_of([old, new])
    assert retention_of(rules, datetime(2024, 8, 31, 21, 59, tzinfo=UTC)).health == months(3)
    assert retention_of(rules, datetime(2024, 8, 31, 22, 1, tzinfo=UTC)).health == months(1)
    assert retention_of(rules_of([new]), datetime(2024, 8, 31, 21, 59, tzinfo=UTC)) == DEFAULTS
