"""Every cent billed points at its facts: whatever a superuser makes of the books, the exact line is named."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row

from commands.close_month import CloseMonth, DraftFound
from commands.issue_titres import BillToIssue, IssueTitres
from ledger.codec import Codec, canonical
from ledger.database import service_conninfo
from ledger.entry import Entry
from ledger.identifiers import Stream, TitreNumber
from ledger.settings import Settings
from ledger.streams import payer_page, regie_page
from projections.billing import accounts, questions, standing
from projections.billing.canonical import canonical_bill, digest_of
from projections.question import Question
from replay.as_of import PAST, fold
from replay.sealing.merkle import leaf_hash
from replay.sealing.seal import seal_once
from replay.verifying.findings import Finding
from replay.verifying.verify import Verification
from tests.asks import absent, approve
from tests.billed import FEBRUARY, JANUARY, close_month, drafted, paid, two_meals, working
from tests.replay.rebuilding import story_in
from tests.servers import Database
from tests.spec import Story, about
from tests.town import AWA, CANTINE, MATTEO, VALMONT, at

SETTINGS = Settings()
REGIE = regie_page(VALMONT)
PAYER, AWAS = (payer_page(VALMONT, person.household) for person in (MATTEO, AWA))
Line = dict[str, Any]


@dataclass
class Billed:
    """A town that billed January and February, and somebody who may do anything to its tables."""

    database: Database
    superuser: psycopg.Connection
    story: Story

    def line(self, stream: str, version: int) -> Line:
        row = self.superuser.execute(
            "SELECT stored FROM entries WHERE stream = %s AND version = %s", (stream, version)
        ).fetchone()
        assert row is not None
        line: Line = orjson.loads(row[0])
        return line

    def lines(self, stream: Stream) -> list[Entry]:
        """A page, as it is kept."""
        rows = self.superuser.execute("SELECT stored FROM entries WHERE stream = %s ORDER BY version", (stream,))
        return [Codec().read(stored) for (stored,) in rows]

    def rewrite(self, stream: str, version: int, line: Line) -> None:
        """Puts another line in the place of one, with every digest after it, every seal, and the tree above them."""
        last = self.superuser.execute("SELECT max(version) FROM entries WHERE stream = %s", (stream,)).fetchone()
        assert last is not None
        for number in range(version, last[0] + 1):
            kept = line if number == version else self.line(stream, number)
            if number > 1:
                kept["previous"] = sha256(canonical(self.line(stream, number - 1))).hexdigest()
            stored = canonical(kept)
            self.superuser.execute(
                "UPDATE entries SET stored = %s, digest = sha256(%s) WHERE stream = %s AND version = %s",
                (stored, stored, stream, number),
            )
            self.superuser.execute(
                "UPDATE seals SET leaf = %s WHERE stream = %s AND line = %s", (leaf_hash(stored), stream, number)
            )

    def found(self, processes: int = 1) -> list[Finding]:
        """What is found, but for the triggers, and for rows that are not rewritten beside their lines."""
        one = Verification(
            commune=VALMONT, processes=processes, conninfo=service_conninfo(self.database.service_url, SETTINGS)
        )
        with psycopg.connect(service_conninfo(self.database.service_url, SETTINGS), autocommit=True) as connection:
            return [each for each in one.run(connection) if each.what not in ("guard_missing", "row_differs")]


@pytest.fixture
def billed(database: Database) -> Iterator[Billed]:
    with story_in(database) as story:
        two_meals(story)
        [first, _] = close_month(story, database, JANUARY)
        paid(story, first)
        about(CANTINE)(story)
        absent("2024-01-26 repas", of=AWA, reason="sortie")(story)
        approve(of=AWA)(story)
        close_month(story, database, FEBRUARY)
        with psycopg.connect(service_conninfo(database.service_url, SETTINGS), autocommit=True) as connection:
            seal_once(connection)
        with psycopg.connect(database.admin_url, autocommit=True) as superuser:
            superuser.execute("SET search_path = ardoise")
            for table in ("entries", "seals"):
                superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")  # type: ignore[arg-type]
            yield Billed(database, superuser, story)


def test_a_town_that_billed_has_nothing_to_say(billed: Billed) -> None:
    assert billed.found() == []
    assert billed.found(processes=2) == []


def test_what_was_regularised_is_verified_too(billed: Billed) -> None:
    [line] = billed.line(AWAS, 2)["fact"]["lines"]
    assert (line["regularises"], line["quantity"], line["amount_cents"]) == (JANUARY, -1, -110)
    kept = billed.line(AWAS, 2)
    kept["fact"]["lines"][0]["causes"] = [{"stream": f"child/{VALMONT}/{AWA.id}", "line": 997}]
    billed.rewrite(AWAS, 2, kept)
    whats = {each.what for each in billed.found() if each.stream == AWAS}
    assert whats == {"bill_rests_on_nothing", "bill_differs"}


def test_what_a_titre_rests_on_written_anew_with_all_its_hashes_is_told_by_the_titre(billed: Billed) -> None:
    """The seal's own hashes are out of the way: nothing but the arithmetic is left to say it."""
    page = f"child/{VALMONT}/{MATTEO.id}"
    rows = billed.superuser.execute(
        "SELECT max(version) FROM entries WHERE stream = %s AND type = 'attendance_recorded.v1'", (page,)
    ).fetchone()
    assert rows is not None
    line = billed.line(page, rows[0])
    assert line["fact"]["presence"] == "present"
    line["fact"]["presence"] = "absent"
    billed.rewrite(page, rows[0], line)
    [found] = billed.found()
    assert (found.what, found.stream, found.line) == ("bill_differs", PAYER, 1)
    assert "2024-000001 line 1" in found.where
    assert found.position is not None


def test_a_balance_that_is_not_what_was_billed_less_what_was_paid_is_named(billed: Billed) -> None:
    billed.superuser.execute("UPDATE payers SET balance_cents = 0 WHERE household = %s", (MATTEO.household,))
    [found] = billed.found()
    assert (found.what, found.where) == ("balance_differs", f"payers {MATTEO.household}")
    billed.superuser.execute("DELETE FROM payers WHERE household = %s", (MATTEO.household,))
    assert billed.found() == [found]


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [(b'"amount_cents":654', b'"amount_cents":653', ": 2024-000001"), (b"{", b"[", ""), (b"2024-000001", b"2024", "")],
)
def test_a_line_that_was_changed_is_named_with_its_titre_as_far_as_it_says_one(
    billed: Billed, before: bytes, after: bytes, named: str
) -> None:
    """Nothing else of the line, which may say anything now."""
    stored = canonical(billed.line(PAYER, 1)).replace(before, after)
    billed.superuser.execute("UPDATE entries SET stored = %s WHERE stream = %s AND version = 1", (stored, PAYER))
    found = next(each for each in billed.found() if each.what == "line_changed")
    assert found.where == f"{PAYER} line 1 (position {found.position}){named}"


def _times(line: Line, factor: int) -> None:
    """The amount of a line, its quantity left as it was."""
    line["fact"]["lines"][0]["amount_cents"] *= factor
    line["fact"]["total_cents"] *= factor


def _another_price(line: Line) -> None:
    line["fact"]["lines"][0].update(unit_price_cents=110, amount_cents=220)
    line["fact"]["total_cents"] = 220


def _another_day(line: Line) -> None:
    line["fact"]["lines"][0]["days"][1]["quantity"] = 2


def _another_total(line: Line) -> None:
    line["fact"]["total_cents"] += 1


def _lines_of_nobody(line: Line) -> None:
    line["fact"]["lines"][0]["days"][0]["lines"] = [997]


def _another_quotient(line: Line) -> None:
    line["fact"]["lines"][0]["quotient"]["amount_cents"] -= 1


def _a_quotient_that_is_none(line: Line) -> None:
    line["fact"]["lines"][0]["quotient"]["line"] = 1


def _another_number(line: Line) -> None:
    line["fact"]["titre"] = "2024-000009"


def _another_due_day(line: Line) -> None:
    line["fact"]["due_on"] = "2024-02-29"


def _another_month(line: Line) -> None:
    line["fact"]["month"] = "2023-12"


def _another_article(line: Line) -> None:
    line["fact"]["lines"][0]["article"] = "9"


ON_A_TITRE = {
    "an amount": (lambda line: _times(line, 2), {"bill_line_wrong", "bill_differs", "month_digest_differs"}),
    "a price": (_another_price, {"bill_differs", "month_digest_differs"}),
    "a day": (_another_day, {"bill_days_wrong", "bill_differs", "month_digest_differs"}),
    "a total": (_another_total, {"titre_total_wrong"}),
    "its facts": (_lines_of_nobody, {"bill_rests_on_nothing", "bill_differs", "month_digest_differs"}),
    "its quotient": (_another_quotient, {"bill_quotient_wrong", "bill_differs", "month_digest_differs"}),
    "the line of its quotient": (
        _a_quotient_that_is_none,
        {"bill_quotient_wrong", "bill_differs", "month_digest_differs"},
    ),
    "its number": (_another_number, {"titre_number_wrong", "titre_missing"}),
    "its days": (_another_due_day, {"titre_not_as_closed"}),
    "its month": (_another_month, {"titre_of_no_month", "titre_missing"}),
    "its article": (_another_article, {"bill_differs", "month_digest_differs"}),
}


@pytest.mark.parametrize(("edit", "whats"), ON_A_TITRE.values(), ids=ON_A_TITRE.keys())
def test_a_titre_written_anew_with_all_its_hashes_is_named(billed: Billed, edit: Any, whats: set[str]) -> None:
    line = billed.line(PAYER, 1)
    edit(line)
    billed.rewrite(PAYER, 1, line)
    found = billed.found()
    named = {each.what for each in found if (each.stream, each.line) == (PAYER, 1) or each.stream == REGIE}
    assert named - {"month_total_differs"} == whats


def _close(**said: Any) -> Any:
    return lambda line: line["fact"].update(said)


ON_A_CLOSE = {
    "its total": (_close(total_cents=1), {"month_total_differs"}),
    "its digest": (_close(digest="0" * 64), {"month_digest_differs"}),
    "its numbers": (_close(first_number=7), {"numbers_not_gapless", "titre_missing"}),
    "how many titres": (_close(titres=3), {"titre_missing", "numbers_not_gapless", "close_not_reproduced"}),
    "its month": (_close(month="2023-11"), {"month_out_of_order", "titre_missing", "close_not_reproduced"}),
}


@pytest.mark.parametrize(("edit", "whats"), ON_A_CLOSE.values(), ids=ON_A_CLOSE.keys())
def test_a_close_written_anew_with_all_its_hashes_is_named(billed: Billed, edit: Any, whats: set[str]) -> None:
    line = billed.line(REGIE, 1)
    edit(line)
    billed.rewrite(REGIE, 1, line)
    found = billed.found()
    assert {each.what for each in found if each.stream == REGIE} == whats


def closed_on(database: Database, *, issue: int = 0, **other: Any) -> list[Finding]:
    """What is found of a January closed just now, on something else than it comes to, with so many titres issued."""
    with story_in(database) as story:
        two_meals(story)
        story.now = at("2024-02-03 09:00")
        position, bills = drafted(database, JANUARY)
        digest = digest_of(canonical_bill(each.household, each.lines) for each in bills)
        total_cents = sum(each.total_cents for each in bills)
        draft = DraftFound(
            position=position, after=None, titres=len(bills), total_cents=total_cents, digest=digest, missing=0
        )
        story.must(CloseMonth(month=JANUARY, position=position, draft=replace(draft, **other)))
        some = [BillToIssue(household=each.household, lines=each.lines) for each in bills[:issue]]
        if some:
            story.must(IssueTitres(month=JANUARY, digest=digest, place=0, bills=some))
        with psycopg.connect(service_conninfo(database.service_url, SETTINGS), autocommit=True) as connection:
            seal_once(connection)
            return list(Verification(commune=VALMONT).run(connection))


@pytest.mark.parametrize("issued", [0, 1])
def test_titres_on_their_way_are_no_finding(database: Database, issued: int) -> None:
    assert closed_on(database, issue=issued) == []


def test_a_month_closed_on_nothing_is_told_at_once_with_the_families_it_leaves_out(database: Database) -> None:
    [closed, *missing] = closed_on(database, titres=0, total_cents=0, digest=sha256().hexdigest())
    assert (closed.what, closed.stream, closed.line) == ("close_not_reproduced", REGIE, 1)
    assert "2024-01 was closed on 0 titres, 0 cents; the facts give 2, 874." in closed.where
    assert [(each.what, each.stream) for each in missing] == [("bill_missing", PAYER), ("bill_missing", AWAS)]


def test_a_month_closed_on_another_digest_is_told_before_its_titres_are_late(database: Database) -> None:
    whats = [each.what for each in closed_on(database, digest="0" * 64)]
    assert whats == ["close_not_reproduced", "bill_missing", "bill_missing"]


def test_the_books_are_asked_as_they_stood_at_an_instant(billed: Billed) -> None:
    """January was closed on 3 February and paid at once, February on 3 March."""
    pages = {stream: billed.lines(stream) for stream in (PAYER, AWAS, REGIE)}

    def asked(instant: str, question: Question) -> list[dict[str, Any]]:
        then = fold(at(instant), pages.items())
        asked_then = then.question(question, PAST)
        with working(billed.database) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(asked_then.sql, asked_then.values).fetchall()

    def titres(instant: str) -> list[str]:
        return [row["titre"] for row in asked(instant, questions.titres_of(VALMONT, AWA.household))]

    assert titres("2024-02-02 10:00") == []
    assert titres("2024-02-20 10:00") == ["2024-000002"]
    assert titres("2024-03-04 10:00") == ["2024-000002", "2024-000003"]
    [owed] = asked("2024-02-20 10:00", accounts.balance_of(VALMONT, MATTEO.household))
    assert (owed["billed_cents"], owed["paid_cents"], owed["balance_cents"]) == (654, 300, 354)
    assert asked("2024-02-02 10:00", accounts.balance_of(VALMONT, MATTEO.household)) == []
    [cheque, debit] = asked("2024-02-20 10:00", accounts.payments_of(VALMONT, MATTEO.household))
    assert (cheque["cancelled_on"], debit["cancelled_because"]) == (None, "returned_debit")
    months = asked("2024-02-20 10:00", questions.closed_months(VALMONT))
    assert [row["month"] for row in months] == [JANUARY]
    [line] = asked("2024-03-04 10:00", questions.lines_of_titre(VALMONT, TitreNumber("2024-000003")))
    assert (line["regularises"], line["detail"]["days"][0]["day"]) == (JANUARY, "2024-01-26")


def test_the_titres_of_the_last_closed_month_alone_are_counted_at_any_instant(billed: Billed) -> None:
    """Those of the months before were all issued before it was closed."""
    asked = standing.issued_of_last(VALMONT)

    def counted(instant: str) -> list[tuple[Any, ...]]:
        then = standing.standing_at(asked, VALMONT, at(instant))
        with working(billed.database) as connection:
            connection.execute("SET search_path = ardoise")
            return connection.execute(then.sql, then.values).fetchall()

    assert counted("2024-02-02 10:00") == []
    assert counted("2024-02-20 10:00") == [(JANUARY, 2)]
    assert counted("2024-03-04 10:00") == [(FEBRUARY, 1)]
    billed.superuser.execute("DELETE FROM titres")
    assert counted("2024-03-04 10:00") == [(FEBRUARY, 0)]
    with working(billed.database) as connection:
        waits = "SELECT month, what FROM ardoise.billing_waits('')"
        assert connection.execute(waits).fetchall() == [(FEBRUARY, "titres")]
