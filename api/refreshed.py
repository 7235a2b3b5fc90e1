"""What is fetched from elsewhere beside the requests, and kept while elsewhere is down."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

LONGEST_WAIT_SECONDS: Final = 3.0
"""How long a request may wait for a fetch."""
CLOSING_SECONDS: Final = 5.0

T = TypeVar("T")
log = structlog.stdlib.get_logger("ardoise.keys")


@dataclass(frozen=True, slots=True)
class Fetch:
    """A fetch somebody waits for."""

    done: "Future[bool]"
    """Whether there was an answer."""
    began_after: bool
    """Whether it begins after it was asked for: what was published before is in it."""
    rests: bool = False
    """Whether it begins only once the place it asks has been left alone for a while."""


class Refreshed(Generic[T]):
    """A value with a thread of its own that keeps it fresh: a place that is slow holds up no other, and no request."""

    def __init__(
        self,
        name: str,
        first: T,
        fetch: Callable[[], T],
        publish: Callable[[], None],
        *,
        refresh_seconds: float,
        rest_seconds: float,
    ) -> None:
        self.value = first
        """The last good one."""
        self._name = name
        self._fetch = fetch
        self._publish = publish
        self._refresh_seconds = refresh_seconds
        self._rest_seconds = rest_seconds
        self._turn = threading.Condition()
        self._asked: Future[bool] | None = None
        self._under_way: Future[bool] | None = None
        self._answered = False
        self._rested_at = 0.0
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> "Future[bool]":
        """Begin to fetch; done when the first answer has come, or has not."""
        self._under_way = first = Future[bool]()
        self._thread = threading.Thread(target=self._run, args=(first,), name="ardoise-keys", daemon=True)
        self._thread.start()
        return first

    def stop(self) -> None:
        """Fetch no more; the fetch under way goes on."""
        with self._turn:
            self._closing = True
            self._turn.notify()

    def join(self) -> None:
        """Wait a moment for the fetch under way."""
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
            self._thread = None

    def refresh(self) -> bool:
        """Fetch once; the last good value is kept when there is no answer."""
        try:
            self.value = self._fetch()
        except Exception as error:  # noqa: BLE001 - a network, a file, a document: none may cost a valid token
            log.warning("keys_not_refreshed", issuer=self._name, error=type(error).__name__)
            self._answered = False
        else:
            self._answered = True
        self._publish()
        return self._answered

    def soon(self) -> Fetch:
        """The fetch under way, or the next one; done already when it could not come soon enough to be waited for."""
        with self._turn:
            if self._under_way is not None:
                return Fetch(self._under_way, began_after=False)
            rest = self._rested_at - time.monotonic()
            if self._asked is None and (self._thread is None or rest >= LONGEST_WAIT_SECONDS):
                return Fetch(done(answered=self._answered), began_after=True)
            if self._asked is None:
                self._asked = Future()
                self._turn.notify()
            return Fetch(self._asked, began_after=True, rests=rest > 0)

    def _run(self, first: "Future[bool]") -> None:
        asked, turn = False, first
        while True:
            answered = self.refresh()
            with self._turn:
                now = time.monotonic()
                if asked:
                    self._rested_at = now + self._rest_seconds
                self._under_way = None
            _resolve(turn, answered=answered)
            following = self._next(due=now + self._refresh_seconds)
            if following is None:
                return
            asked, turn = following

    def _next(self, *, due: float) -> "tuple[bool, Future[bool]] | None":
        """Wait for the next fetch, one that is asked for or one that is due, and say which; None when closing."""
        with self._turn:
            while not self._closing:
                at = due if self._asked is None else min(due, self._rested_at)
                left = at - time.monotonic()
                if left <= 0:
                    asked = self._asked is not None
                    self._under_way, self._asked = self._asked or Future(), None
                    return asked, self._under_way
                self._turn.wait(left)
            if self._asked is not None:
                _resolve(self._asked, answered=False)
            return None


def _resolve(future: "Future[bool]", *, answered: bool) -> None:
    if future.set_running_or_notify_cancel():  # the request that waited may be gone
        future.set_result(answered)


def done(*, answered: bool) -> "Future[bool]":
    """A fetch that is over."""
    future: Future[bool] = Future()
    future.set_result(answered)
    return future
