"""Every fact as one French sentence, for those who read what happened to a family: identifiers, never a name."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from api.french_custody import household_place, sentences
from api.french_export import euros
from api.french_formalities import SOURCES
from api.french_history_bills import BILLING_SENTENCES
from api.french_history_home import HOME_SENTENCES
from api.french_told import Told, counted
from api.history_words import HistoryWords, lowered, period, short
from ledger import events
from ledger.demande import Demande, DemandeKind
from ledger.identifiers import Slug
from replay.timeline import Item
from rulebook.french_dates import french_date, french_day, join

Say = Callable[[Any, Told], str]


class Noun(NamedTuple):
    """What a demande is called, and how participles agree with it."""

    name: str
    feminine: bool

    def done(self, participle: str, *, many: bool = False) -> str:
        """Demandée, acceptés."""
        return f"{participle}{'e' if self.feminine else ''}{'s' if many else ''}"


NOUNS: Final[Mapping[DemandeKind, Noun]] = MappingProxyType(
    {
        "reservation": Noun("réservation", feminine=True),
        "cancellation": Noun("annulation", feminine=True),
        "modification": Noun("modification", feminine=True),
        "absence": Noun("absence", feminine=True),
        "enrolment": Noun("inscription", feminine=True),
        "address": Noun("changement d'adresse", feminine=False),
        "contact": Noun("changement de téléphone ou de courriel", feminine=False),
        "situation": Noun("changement de situation familiale", feminine=False),
        "member": Noun("nouveau membre du foyer", feminine=False),
        "contact_person": Noun("nouvelle personne à contacter", feminine=True),
        "quotient": Noun("quotient familial", feminine=False),
    }
)
ACTIONS: Final[Mapping[str, DemandeKind]] = MappingProxyType(
    {"reserve": "reservation", "cancel": "cancellation", "absence": "absence"}
)
ORDER: Final = "Dans l'ordre des écritures (`oldest`), ou dans l'ordre inverse (`newest`)."
FROM_DAY: Final = "Premier jour d'écriture, inclus."
TO_DAY: Final = "Dernier jour d'écriture, inclus."
TYPE: Final = "Les seules écritures de cette nature, quelle que soit leur version."
PRESENCES: Final[Mapping[str, str]] = MappingProxyType({"present": "Présence", "absent": "Absence"})


def sentence(item: Item, words: HistoryWords) -> str:
    """What happened, in one French sentence."""
    return SENTENCES[type(item.entry.fact)](item.entry.fact, Told(item=item, words=words))


# Demandes -------------------------------------------------------------------------------------------------------------


def _asked(noun: Noun, told: Told, *, origin: str, participle: str = "demandé") -> str:
    if origin == "counter" and told.item.entry.signature.role != "guardian":
        return f"{noun.done('saisi')} au guichet {told.by}"
    return f"{noun.done(participle)} {told.by}"


def _late(days: Iterable[Any]) -> str:
    found = list(days)
    said = ""
    for name, words in (("late", "hors délai"), ("surcharge", "avec majoration")):
        count = sum(getattr(day, name, False) for day in found)
        if count == len(found):
            said += f", {words}"
        elif count:
            said += f", dont {counted(count, 'jour')} {words}"
    return said


def _days_asked(kind: DemandeKind, participle: str) -> Say:
    def say(fact: Any, told: Told) -> str:
        noun = NOUNS[kind]
        days = told.words.days(fact.activity, [(day.unit, day.day) for day in fact.days])
        why = f", motif : {told.words.reason(fact.reason)}" if kind == "absence" else ""
        derogation = f", par dérogation : {told.words.reason(fact.derogation)}" if fact.derogation else ""
        asked = _asked(noun, told, origin=fact.origin, participle=participle)
        return f"Demande n° {fact.demande} : {noun.name} {days} {asked}{_late(fact.days)}{why}{derogation}."

    return say


def _papers(documents: tuple[Any, ...]) -> str:
    return f", avec {counted(len(documents), 'justificatif')}" if documents else ""


def _enrolment(activity: Slug, site: Slug | None, group: Slug | None, fact: Any, words: HistoryWords) -> str:
    where = words.where(activity, site, group, fact.first_day)
    place = f" ({', '.join(where)})" if where else ""
    return f"{words.activity(activity, fact.first_day)}{place} {period(fact.first_day, fact.last_day)}"


def _enrolment_asked(fact: events.EnrolmentRequested, told: Told) -> str:
    what = _enrolment(fact.activity, fact.site, fact.group, fact, told.words)
    asked = _asked(NOUNS["enrolment"], told, origin=fact.origin)
    return f"Demande n° {fact.demande} : inscription à {what} {asked}{_papers(fact.documents)}."


def _change_asked(fact: events.ChangeRequested, told: Told) -> str:
    noun = NOUNS[fact.change]
    asked = _asked(noun, told, origin=fact.origin)
    return (
        f"Demande n° {fact.demande} : {noun.name} {asked}, au sujet de la personne {short(fact.person)}"
        f"{_papers(fact.documents)}."
    )


def _quotient_asked(fact: events.QuotientDeclared, told: Told) -> str:
    noun, source = NOUNS["quotient"], lowered(SOURCES[fact.source])
    asked = _asked(noun, told, origin=fact.origin, participle="déclaré")
    amount = euros(fact.amount_cents)
    return f"Demande n° {fact.demande} : quotient familial de {amount} ({source}) {asked}{_papers(fact.documents)}."


def _what(demande: Demande | None, days: Iterable[Any], told: Told) -> tuple[str, Noun, bool]:
    """What of a demande is decided: its words, and how a participle agrees with them."""
    named = list(days)
    if demande is None:
        return "demande", Noun("demande", feminine=True), False
    if not named or demande.activity is None:
        noun = NOUNS[demande.kind]
        wanted = demande.wanted
        if isinstance(wanted, events.EnrolmentRequested):
            return f"inscription à {_enrolment(wanted.activity, None, None, wanted, told.words)}", noun, False
        return noun.name, noun, False
    parts = []
    for action, kind in ACTIONS.items():
        boxes = [(day.unit, day.day) for day in named if day.action == action]
        if boxes:
            parts.append(f"{NOUNS[kind].name} {told.words.days(demande.activity, boxes)}")
    return join(parts), NOUNS["reservation"], len(parts) > 1


def _left(demande: Demande | None) -> str:
    """What still waits after a decision about some of the days."""
    waiting = len(demande.pending()) if demande is not None and demande.status == "en_cours" else 0
    if not waiting:
        return ""
    return f" {counted(waiting, 'autre jour attend', 'autres jours attendent')} encore une réponse."


def _decided(participle: str) -> Say:
    def say(fact: events.DemandeApproved | events.DemandeRejected, told: Told) -> str:
        demande = told.item.demande
        what, noun, many = _what(demande, fact.days, told)
        why = f", motif : {told.words.reason(fact.reason)}" if isinstance(fact, events.DemandeRejected) else ""
        done = noun.done(participle, many=many)
        return f"Demande n° {fact.demande} : {what} {done} {told.by}{why}.{_left(demande)}"

    return say


def _withdrawn(fact: events.DemandeWithdrawn, told: Told) -> str:
    demande = told.item.demande
    taken_back = [day for day in demande.days if day.outcome == "withdrawn"] if demande else []
    what, noun, many = _what(demande, taken_back, told)
    return f"Demande n° {fact.demande} : {what} {noun.done('retiré', many=many)} {told.by}."


# The child ------------------------------------------------------------------------------------------------------------


def _registered(fact: events.ChildRegistered, told: Told) -> str:
    return f"Enfant {short(fact.child)} enregistré dans le foyer {short(fact.household)} {told.by}."


def _joined(fact: events.ChildJoinedHousehold, told: Told) -> str:
    return f"Enfant rattaché aussi au foyer {short(fact.household)} {told.by}."


def _child_left(fact: events.ChildLeftHousehold, told: Told) -> str:
    return f"Enfant détaché du foyer {short(fact.household)} {told.by}."


def _custody(fact: events.CustodyStatement, told: Told) -> str:
    said = " ; ".join(lowered(part.removesuffix(".")) for part in sentences(fact, household_place))
    return f"Garde alternée enregistrée {told.by}{told.correcting} : {said}."


def _enrolled(fact: events.ChildEnrolled, told: Told) -> str:
    what = _enrolment(fact.activity, fact.site, fact.group, fact, told.words)
    return f"Enfant inscrit à {what} {told.by}{told.after_demande}."


def _enrolment_ended(fact: events.EnrolmentEnded, told: Told) -> str:
    rows = [changed.after for changed in told.item.changes if changed.table == "enrolments" and changed.after]
    activity = f" à {told.words.activity(rows[0]['activity'], fact.last_day)}" if rows else ""
    return f"Inscription{activity} arrêtée après le {french_date(fact.last_day)} {told.by}."


def _attendance(fact: events.AttendanceRecorded, told: Told) -> str:
    words, times = told.words, ""
    if fact.arrived_at is not None:
        times += f", arrivée à {words.time(fact.arrived_at)}"
    if fact.left_at is not None:
        times += f", départ à {words.time(fact.left_at)}"
    where = f"{words.activity(fact.activity, fact.day)}, {words.unit(fact.activity, fact.unit, fact.day)}"
    day = french_day(fact.day)
    return f"{PRESENCES[fact.presence]} pointée le {day} ({where}) {told.by}{times}{told.correcting}."


SENTENCES: Final[Mapping[type, Say]] = MappingProxyType(
    {
        events.ReservationRequested: _days_asked("reservation", "demandé"),
        events.CancellationRequested: _days_asked("cancellation", "demandé"),
        events.AbsenceDeclared: _days_asked("absence", "déclaré"),
        events.EnrolmentRequested: _enrolment_asked,
        events.ChangeRequested: _change_asked,
        events.QuotientDeclared: _quotient_asked,
        events.DemandeApproved: _decided("accepté"),
        events.DemandeRejected: _decided("refusé"),
        events.DemandeWithdrawn: _withdrawn,
        events.ChildRegistered: _registered,
        events.ChildJoinedHousehold: _joined,
        events.ChildLeftHousehold: _child_left,
        events.CustodyAgreed: _custody,
        events.CustodyExcepted: _custody,
        events.CustodyEnded: _custody,
        events.ChildEnrolled: _enrolled,
        events.EnrolmentEnded: _enrolment_ended,
        events.AttendanceRecorded: _attendance,
        **HOME_SENTENCES,
        **BILLING_SENTENCES,
    }
)
"""How each fact is said."""
