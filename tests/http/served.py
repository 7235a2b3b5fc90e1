"""A service as `ardoise serve` runs it, in a process of its own: for tests that send it signals."""

import logging
import sys
import threading
from typing import Any

from cryptography.hazmat.primitives import serialization

from api import logs
from api.keys import KeyRing
from api.server import serve
from tests.http.small_house import Latch, Signer, small_app


class Announcing(threading.Semaphore):
    """Tells the test, through the standard error, that a request is inside."""

    def release(self, n: int = 1) -> None:
        super().release(n)
        sys.stderr.write("inside\n")
        sys.stderr.flush()


class Timed(threading.Event):
    """Holds a request inside for a given time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(self.seconds)
        return timeout is not None


def main(pem: str, port: str, inside_seconds: str, notice_seconds: str, drain_seconds: str) -> None:
    """Serve with the key of the test."""
    private: Any = serialization.load_pem_private_key(pem.encode(), password=None)
    latch = Latch(opened=Timed(float(inside_seconds)), inside=Announcing(0))
    logs.configure(level=logging.INFO)
    app = small_app(KeyRing(fixed=[Signer(private).key]), latch=latch)
    started = serve(app, "127.0.0.1", int(port), notice_seconds=float(notice_seconds), drain_seconds=int(drain_seconds))
    sys.exit(0 if started else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
