"""The tax certificate of a year: what a household paid for the care of its children under six."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from api import french_paper
from api.billing.paper.gathering import Sources, Statement, Who, regie_of
from api.billing.paper.setting import as_pdf
from api.french_bills import amount
from api.french_payments import MEANS
from ledger.events import PaymentRecorded
from ledger.identifiers import ChildId, HouseholdId
from projections.billing.certificates import CarePaid, care_paid, is_young
from rulebook.french_dates import french_date

WhyLeftOut = Literal["six_or_over", "birth_date_unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """All that a certificate says. Two equal ones are the same bytes."""

    household: HouseholdId
    year: int
    over: bool
    """Whether the year is over: until then, more may be paid."""
    town: str
    office: str
    who: Who
    by_child: Mapping[ChildId, int]
    """Of the children that count, in the order they are told."""
    left_out: Mapping[ChildId, WhyLeftOut]
    """Children whose care was paid and does not count."""
    payments: Sequence[PaymentRecorded]
    """Received in the year, whatever they were for."""

    @property
    def amount_cents(self) -> int:
        """What is to be declared."""
        return sum(self.by_child.values())

    @property
    def made_on(self) -> date:
        """The last day of the year it is about."""
        return date(self.year, 12, 31)


async def certificate_of(sources: Sources, statement: Statement, year: int, *, today: date) -> Certificate:
    """The certificate of a household. Who may ask is found out before."""
    paid = care_paid(statement.payer, statement.titres, year)
    children = sorted({line.child for titre in statement.titres for line in titre.lines} & set(paid.by_child))
    who = await sources.who(statement.household, children)
    rules = await sources.rules()
    town, office, _ = regie_of(rules.on(min(today, date(year, 12, 31))), sources.commune)
    left_out = dict(_left_out(paid, who))
    return Certificate(
        household=statement.household,
        year=year,
        over=today.year > year,
        town=town,
        office=office,
        who=who,
        by_child={child: paid.by_child[child] for child in children if child not in left_out},
        left_out=left_out,
        payments=sorted(paid.payments, key=lambda each: (each.received_on, each.payment)),
    )


def _left_out(paid: CarePaid, who: Who) -> Iterable[tuple[ChildId, WhyLeftOut]]:
    for child in sorted(paid.by_child):
        born = who.born.get(child)
        if born is None:
            yield child, "birth_date_unknown"
        elif not is_young(born, paid.year):
            yield child, "six_or_over"


def certificate_pdf(certificate: Certificate) -> bytes:
    """The document, tagged for screen readers."""
    return as_pdf("certificate", _said(certificate), made_on=certificate.made_on)


def _said(certificate: Certificate) -> dict[str, Any]:
    who, year = certificate.who, certificate.year
    title = french_paper.certificate_title(year)
    paid = [
        {
            "on": french_date(each.received_on),
            "how": MEANS[each.means],
            "amount": amount(each.amount_cents),
        }
        for each in certificate.payments
    ]
    return {
        "title": title,
        "town": certificate.town,
        "office": certificate.office,
        "recipient": who.recipient,
        "introduction": french_paper.certificate_introduction(
            certificate.town, certificate.office, who.recipient[0], year, over=certificate.over
        ),
        "columns": french_paper.CERTIFICATE_COLUMNS,
        "rows": [
            {"child": who.children[child], "born": french_date(who.born[child]), "amount": amount(cents)}
            for child, cents in certificate.by_child.items()
        ],
        "total": {"what": french_paper.certificate_total(year), "amount": amount(certificate.amount_cents)},
        "payments": {"heading": french_paper.PAYMENTS, "columns": french_paper.PAYMENT_COLUMNS, "rows": paid},
        "notes": {"heading": french_paper.GOOD_TO_KNOW, "sentences": list(_notes(certificate))},
        "footer": f"{certificate.town} · {title}",
        "page": french_paper.PAGE,
        "of": french_paper.OF,
    }


def _notes(certificate: Certificate) -> Iterable[str]:
    if not certificate.over:
        yield french_paper.NOT_OVER
    yield from french_paper.certificate_notes(certificate.year)
    for child, why in certificate.left_out.items():
        yield french_paper.LEFT_OUT[why].format(name=certificate.who.children[child], year=certificate.year)
