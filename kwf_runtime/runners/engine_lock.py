"""One engine per file: a lock of the operating system, which dies with the process."""

from __future__ import annotations

import os
import sys
from typing import IO

from kwf_runtime.errors import ConfigError

_PID_BYTES = 20


class EngineLock:
    """Held while an engine works on a database; `<db>.lock` names its process."""

    def __init__(self, db: str) -> None:
        """Take the lock.

        Raises:
            ConfigError: Another engine holds it, or the file cannot be written.
        """
        path = f"{db}.lock"
        try:
            # Not truncated on opening: a holder's pid must stay readable.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ConfigError(f"cannot make the engine's lock {path}: {error.strerror}") from error
        self._file: IO[bytes] = os.fdopen(descriptor, "r+b", buffering=0)
        if not _try_lock(self._file):
            holder = self._file.read(_PID_BYTES).decode(errors="replace").strip()
            self._file.close()
            raise ConfigError(
                f"another engine (pid {holder or 'unknown'}) runs on {db}: "
                "stop it, or name another workflow.db"
            )
        self._file.write(str(os.getpid()).encode().ljust(_PID_BYTES))

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would race with the next engine."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    # The locked byte lies behind the pid, which others must be able to read.
    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(_PID_BYTES)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
