"""Examines a document in a process of its own: bounded in memory and in time, and its death is nobody else's."""

import os
import resource
import subprocess
import sys
from typing import Final, get_args

from vault.papers import MediaType, Paper, RefusalCode, RefusedPaper, examine

MEMORY_BYTES: Final = 1024 * 1024 * 1024
SECONDS: Final = 30
_KEPT_VARIABLES: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
"""What a Python may need to start. No address of a database, no name of a file of keys."""
UNREADABLE: Final = RefusedPaper(code="document_unreadable")


class ExaminationError(RuntimeError):
    """The process that examines documents does not run: an installation to put right, not a document to refuse."""


def examine_apart(content: bytes) -> Paper | RefusedPaper:
    """What `examine` says, from a process that holds no key and cannot take the service with it.

    Raises ExaminationError when there can be no such process.
    """
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "vault.examining"],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return UNREADABLE
    if ended.returncode > 0:
        # Whatever the document, `examine` returns; what kills the process is a signal. So this is not its doing.
        raise ExaminationError(f"documents cannot be examined here: the process ends with {ended.returncode}")
    head, _, copy = ended.stdout.partition(b"\n")
    word = head.decode("ascii", errors="replace")
    for media_type in get_args(MediaType):
        if ended.returncode == 0 and word == media_type:
            return Paper(media_type=media_type, content=copy)
    for code in get_args(RefusalCode):
        if ended.returncode == 0 and word == code:
            return RefusedPaper(code=code)
    return UNREADABLE


def _bound() -> None:
    """No more memory, processor or files than one document needs. The core of a crash would hold the document."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # elsewhere the bound on addresses is refused, or counts what is only reserved
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def main() -> None:
    """Reads a document on standard input; writes its type or its refusal, then its copy."""
    _bound()
    found = examine(sys.stdin.buffer.read())
    word, copy = (found.media_type, found.content) if isinstance(found, Paper) else (found.code, b"")
    sys.stdout.buffer.write(word.encode() + b"\n" + copy)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
