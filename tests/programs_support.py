"""The probe that program tests await, and the driver that records what a program does.

A program is a file of tests/programs with ``async def main(p)``. ``await p(x)`` suspends: the driver notes
``x`` and answers ``"r0"``, ``"r1"``, ..., or what the program's ``SCRIPT`` says at that place:

* an exception instance is thrown,
* the class ``GeneratorExit`` closes the coroutine,
* anything else is sent.

``p.log(...)`` adds to the trace. Native CPython is the oracle: no expected value is written down anywhere.
Everything here can be saved with a suspended program, so that the trace travels with it.

Limits: objects are traced by ``repr``, so a program must not log one that shows its address.
"""

from __future__ import annotations

import gc
import json
import marshal
import re
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
MAX_SUSPENSIONS = 5000
MAX_CLOSES = 50
COMPREHENSION = re.compile(r"<(list|set|dict)comp>|_(list|set|dict)comp\d+")
"""Code that is a call of its own in 3.11 and inlined since 3.12: no part of a trace."""


class InjectedError(Exception):
    """Thrown by the tests at suspensions where a program does not expect it.

    Its own context is not compared: while an exception passes through frames that handle another one,
    CPython's ``throw`` replaces the context that an inner frame has given it.
    """


class Suspension:
    """What ``p(x)`` returns: suspends once, handing ``x`` to the driver.

    Its own iterator, and no generator, so that it can be saved while it is awaited.
    """

    def __init__(self, value: object) -> None:
        self.value = value
        self.suspended = False

    def __await__(self) -> Suspension:
        return self

    def __iter__(self) -> Suspension:
        return self

    def __next__(self) -> object:
        return self.send(None)

    def send(self, value: object) -> object:
        if not self.suspended:
            self.suspended = True
            return self.value
        raise StopIteration(value)

    def throw(self, kind: Any, value: Any = None, traceback: Any = None) -> object:
        raise kind if value is None else value

    def close(self) -> None:
        pass


class Probe:
    """The argument of every program's ``main``."""

    def __init__(self) -> None:
        self.trace: list[str] = []
        self.tracebacks: list[list[str]] = []
        self.name = ""

    def __call__(self, value: object = None) -> Suspension:
        return Suspension(value)

    def log(self, *values: object) -> None:
        """Add a line to the trace; exceptions are shown with their whole chain."""
        self.trace.append(" ".join(self._render(value) for value in values))

    def _render(self, value: object) -> str:
        return self.describe(value) if isinstance(value, BaseException) else repr(value)

    def describe(self, exc: BaseException) -> str:
        """Type, arguments, notes and chain of an exception; its traceback goes to ``tracebacks``."""
        return self._describe(exc, ())

    def _describe(self, exc: BaseException, above: tuple[BaseException, ...]) -> str:
        if any(exc is one for one in above):
            return f"<{len(above)} levels up: {type(exc).__name__}>"
        above = (*above, exc)
        self.tracebacks.append(self._lines(exc.__traceback__))
        # The text of a NameError or TypeError that the interpreter made is part of the behaviour.
        text = f"{type(exc).__qualname__}{exc.args!r}"
        if getattr(exc, "__notes__", None):
            text += f" notes {exc.__notes__!r}"
        if exc.__cause__ is not None:
            text += f" from ({self._describe(exc.__cause__, above)})"
        shown = exc.__context__ is not exc.__cause__ and type(exc) is not InjectedError
        if exc.__context__ is not None and shown:
            text += f" during ({self._describe(exc.__context__, above)})"
        if exc.__suppress_context__:
            text += " suppressing"
        if isinstance(exc, BaseExceptionGroup):
            text += f" of [{', '.join(self._describe(one, above) for one in exc.exceptions)}]"
        return text

    def _lines(self, traceback: types.TracebackType | None) -> list[str]:
        lines = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if (
                not COMPREHENSION.fullmatch(code.co_name)
                and Path(code.co_filename).stem == self.name
            ):
                lines.append(f"{code.co_name}:{traceback.tb_lineno}")
            traceback = traceback.tb_next
        return lines


@dataclass
class Run:
    """What a program did: its trace, and the tracebacks of the exceptions shown in it."""

    trace: list[str]
    tracebacks: list[list[str]] = field(default_factory=list)
    suspensions: int = 0
    complaints: int = 0
    """How often a coroutine ignored its end: what was left of it was for the collector to end."""


Load = Callable[[Path], types.ModuleType]
Hop = Callable[[types.ModuleType, Any, Probe], tuple[types.ModuleType, Any, Probe]]


def module_name(path: Path) -> str:
    """The name under which a program is imported, the same in every mode."""
    return f"program_{path.stem}"


def is_savable(path: Path) -> bool:
    """Whether a program does not say that it uses state of the process."""
    return "# not saved:" not in path.read_text()


def load_native(path: Path) -> types.ModuleType:
    """Import a program as CPython runs it, afresh."""
    return _execute(path, compile(path.read_text(), str(path), "exec", dont_inherit=True))


def load_compiled(path: Path) -> types.ModuleType:
    """Import a program compiled, afresh: a new module object, known by the same name."""
    # Code objects of its own, as another process would have.
    return _execute(path, marshal.loads(_compile(path)))


@cache
def _compile(path: Path) -> bytes:
    from kwf_compiler import hook

    return marshal.dumps(hook.compile_code(path.read_text(), str(path)))


def _execute(path: Path, code: types.CodeType) -> types.ModuleType:
    module = types.ModuleType(module_name(path))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    return module


def stay(module: types.ModuleType, coro: Any, probe: Probe) -> tuple[types.ModuleType, Any, Probe]:
    """The hop that does nothing: the program goes on in the same process state."""
    return module, coro, probe


class SaveAndLoad:
    """The hop that saves, imports the compiled module afresh, and loads.

    Every class, function and constant of the program is a new object then: an identity that was kept
    by accident shows. The old ones are kept until the end of the run, so that their finalizers add
    nothing while it lasts.

    Args:
        path: the program.
        first: number of the first suspension at which to save.
    """

    def __init__(self, path: Path, first: int = 0) -> None:
        register_support()
        self.path = path
        self.left = first
        self.former: list[object] = []

    def __call__(
        self, module: types.ModuleType, coro: Any, probe: Probe
    ) -> tuple[types.ModuleType, Any, Probe]:
        import kwf_runtime as W

        if self.left > 0:
            self.left -= 1
            return module, coro, probe
        data = W.dumps((coro, probe))
        self.former.append((module, coro, probe))
        module = load_compiled(self.path)
        coro, probe = W.loads(data)
        return module, coro, probe


@cache
def register_support() -> None:
    """Make the classes of this module known to the codec."""
    import kwf_runtime as W

    W.register(InjectedError)
    W.register(Probe)
    W.register(Probe.log)
    W.register(Suspension)


def run(
    path: Path, load: Load, *, hop: Hop = stay, replace: dict[int, object] | None = None
) -> Run:
    """Run a program to its end and record what it did.

    Args:
        path: the program.
        load: imports it, in one of the modes.
        hop: applied at every suspension.
        replace: answers by the number of the suspension, instead of the script's.
    """
    complaints: list[object] = []
    gc.disable()  # what the run makes stays young, so that collecting it below takes no time
    hook, sys.unraisablehook = sys.unraisablehook, lambda report: complaints.append(report.exc_type)
    try:
        with warnings.catch_warnings():
            # Programs may leave coroutines unawaited, and a saved one is left behind on purpose.
            warnings.filterwarnings("ignore", ".*was never awaited", RuntimeWarning)
            result = _drive(path, load, hop, replace or {})
            if isinstance(hop, SaveAndLoad):
                hop.former.clear()
            for answer in (replace or {}).values():
                if isinstance(answer, BaseException):  # would keep what it has passed through
                    answer.__traceback__ = answer.__context__ = None
            gc.collect(0)
    finally:
        sys.unraisablehook = hook
        gc.enable()
    result.complaints += len(complaints)
    return result


def _drive(path: Path, load: Load, hop: Hop, replace: dict[int, object]) -> Run:
    module = load(path)
    probe = Probe()
    probe.name = path.stem
    coro = module.main(probe)
    suspensions = complaints = 0
    answer: object = None
    while True:
        try:
            out = _resume(coro, answer)
        except StopIteration as stop:
            probe.log("return", stop.value)
            break
        except BaseException as exc:
            if isinstance(exc, KeyboardInterrupt) and not exc.args:
                raise  # the user's own
            probe.log("raise", exc)
            break
        if isinstance(out, Closed):
            probe.log("closed", out.attempts)
            complaints = out.attempts - 1
            break
        probe.log("suspend", out)
        if suspensions > MAX_SUSPENSIONS:
            raise RuntimeError(f"{path.name} does not end")
        module, coro, probe = hop(module, coro, probe)
        answer = _answer(module, suspensions, replace)
        suspensions += 1
    # Copied before the coroutine goes: a finalizer may log.
    return Run(list(probe.trace), list(probe.tracebacks), suspensions, complaints)


def run_in_processes(path: Path, folder: Path) -> list[str]:
    """Run a program compiled, each of its steps in a process of its own; return its trace."""
    state, trace = folder / "state", folder / "trace.json"
    index = 0
    while not trace.exists():
        command = [sys.executable, "-m", __name__, str(path), str(folder), str(index)]
        subprocess.run(command, check=True, cwd=PROGRAMS.parents[1])
        assert state.exists() or trace.exists()
        index += 1
    lines: list[str] = json.loads(trace.read_text())
    return lines


def run_one_step(path: Path, folder: Path, index: int) -> None:
    """Take a program from its suspension ``index`` - 1 to the next one, or to its end."""
    import kwf_runtime as W

    register_support()
    module = load_compiled(path)
    state = folder / "state"
    if index == 0:
        probe = Probe()
        coro, answer = module.main(probe), None
    else:
        coro, probe = W.loads(state.read_bytes())
        answer = _answer(module, index - 1, {})
    try:
        probe.log("suspend", _resume(coro, answer))
    except StopIteration as stop:
        probe.log("return", stop.value)
    except BaseException as exc:
        probe.log("raise", exc)
    else:
        state.write_bytes(W.dumps((coro, probe)))
        return
    (folder / "trace.json").write_text(json.dumps(probe.trace))


def run_on_engine(path: Path, *, replace: dict[int, object] | None = None) -> list[str]:
    """Run a program as a workflow thread, saved and loaded between its steps; return its trace."""
    from kwf_compiler import hook
    from kwf_runtime.testing import Thread

    register_support()
    workflow = hook.load_source(PROGRAMS.parent / "programs_engine.py", "programs_engine")
    module = load_compiled(path)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*was never awaited", RuntimeWarning)
        thread = Thread(workflow, module.main, roundtrip=is_savable(path))
        suspensions = 0
        while not thread.done:
            (ref,) = thread.waiting
            thread.resume(ref, _answer(module, suspensions, replace or {}))
            suspensions += 1
        gc.collect(0)
    if thread.error is not None:
        raise AssertionError(f"{thread.error}\n{thread.last.traceback}")
    return [value or "" for topic, _, value in thread.outputs if topic == "trace"]


@dataclass
class Closed:
    """``close()`` was called, ``attempts`` times until the coroutine obeyed."""

    attempts: int


def _resume(coro: Any, answer: object) -> object:
    if isinstance(answer, BaseException):
        return coro.throw(answer)
    if answer is GeneratorExit:
        for attempt in range(1, MAX_CLOSES):
            try:
                coro.close()
            except RuntimeError as error:
                if "ignored GeneratorExit" not in str(error):
                    raise
            else:
                return Closed(attempt)
        raise RuntimeError("the coroutine ignores GeneratorExit for ever")
    return coro.send(answer)


def _answer(module: types.ModuleType, index: int, replace: dict[int, object]) -> object:
    if index in replace:
        return replace[index]
    # Of the module as it is now: the classes of an older one are other classes.
    script: Sequence[object] = getattr(module, "SCRIPT", ())
    return script[index] if index < len(script) else f"r{index}"


if __name__ == "__main__":
    # Under the name by which saved states know these classes.
    from tests import programs_support

    programs_support.run_one_step(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
