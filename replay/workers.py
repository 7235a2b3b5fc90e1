"""Processes that do shares of one piece of work: told what on their input, they say on their output how it goes.

They import what they need and no more, and end with whoever started them, however that one went.
"""

import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

import orjson

from replay.leader import WorkError

Said = dict[str, Any]
Worker = subprocess.Popen[bytes]


class WorkerGoneError(WorkError):
    """One of the processes was stopped: what it had kept is kept, and of the others nothing is known."""

    def __init__(self) -> None:
        super().__init__("a process of the work was stopped: run it again, it goes on where it was.")


def said_by(module: str, asked: Mapping[str, Any], processes: int) -> Generator[Said, None, None]:
    """Starts `python -m module` so many times, and gives what each says, until all have ended.

    Raises WorkerGoneError when one was stopped. Whoever closes the iterator stops those that are left.
    """
    workers: list[Worker] = []
    try:
        for _ in range(processes):
            workers.append(_started(module))
            _tell(workers[-1], asked)
        yield from _lines_of(workers)
        # Of those that go on after one was stopped, nothing is known, and nobody waits for them.
        if any(worker.poll() for worker in workers):
            raise WorkerGoneError
    except BrokenPipeError:
        raise WorkerGoneError from None
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def answer(work: Callable[[Said, Callable[[Said], None]], None]) -> None:
    """What such a process does: reads what is asked, works, and says how it goes.

    Without its parent it stops in the middle. What it raises is said by the parent, in one line.
    """
    # A person who interrupts the work interrupts who leads it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(asked, _say)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
        _say({"failed": (str(error).strip() or type(error).__name__).splitlines()[0], "error": type(error).__name__})


def _say(what: Said) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    """The other end of the standard input is closed when the parent is gone, however it went."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _started(module: str) -> Worker:
    command = [sys.executable, "-m", module]
    return subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own, no shell


def _tell(worker: Worker, asked: Mapping[str, Any]) -> None:
    """The way in is no argument: others could read it."""
    assert worker.stdin is not None
    worker.stdin.write(orjson.dumps(asked) + b"\n")
    worker.stdin.flush()


def _lines_of(workers: Sequence[Worker]) -> Iterator[Said]:
    """What the processes say, one line after another, until all of them have ended or one was stopped."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            assert worker.stdout is not None
            selector.register(worker.stdout, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                # A line is written whole and is short: there is never half of one.
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    yield orjson.loads(line)
                    continue
                selector.unregister(key.fileobj)
                if key.data.wait():
                    return
