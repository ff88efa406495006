"""What SQLite adds to the contract: one engine a file, other processes beside it, death at any commit."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from kwf_runtime import wire
from kwf_runtime.core.engine import Program
from kwf_runtime.errors import ConfigError
from kwf_runtime.runners.batch import Batch
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.join import Join
from kwf_runtime.runners.local import StoreBusyError
from kwf_runtime.runners.records import OutRecord
from kwf_runtime.runners.sqlite import SqliteLog
from kwf_runtime.runners.sqlite_client import SqliteClient
from kwf_runtime.settings import Settings

ROOT = Path(__file__).parents[2]
ENGINE = Path(__file__).with_name("sqlite_engine.py")
SAGA = """
import asyncio
import kwf_runtime as W
W.config.output_topics.add("out")

@W.activity
def price(item):
    return len(item)

async def main(argument):
    W.output("begun", "out")
    got = []
    for name in ("a", "b"):
        got.append(await W.suspend(name))
        W.output(name, "out")
        await asyncio.sleep(0.001)
    timer = W.suspend("timer")
    W.output("1", "workflow-scheduler", timer.key)
    await timer
    return [argument, got, await price("four")]
"""


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "kwf.db")


@contextmanager
def engine(
    db: str, workflow: Path, *options: str, failpoint: str = ""
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(ENGINE), db, str(workflow), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KWF_FAILPOINT": failpoint},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def records(client: SqliteClient, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    tail = client.tail(topic, from_start=True, count=None, timeout_s=0)
    return [(record.key, record.value) for record in tail]


def test_a_second_engine_is_refused_and_told_the_pid(db: str) -> None:
    log = SqliteLog(db)
    with pytest.raises(ConfigError, match=rf"another engine \(pid {os.getpid()}\)"):
        SqliteLog(db)
    log.close()
    log.close()
    SqliteLog(db).close()


@pytest.mark.slow
def test_the_lock_dies_with_its_process(db: str, tmp_path: Path) -> None:
    workflow = tmp_path / "saga.py"
    workflow.write_text(SAGA)
    with engine(db, workflow) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(ConfigError, match=f"pid {process.pid}"):
            SqliteLog(db)
        process.send_signal(signal.SIGKILL)
        process.wait()
        SqliteLog(db).close()


@pytest.mark.slow
def test_a_client_beside_an_engine_is_answered_at_once(db: str, tmp_path: Path) -> None:
    workflow = tmp_path / "saga.py"
    workflow.write_text(SAGA)
    client = SqliteClient(Settings(db=db))
    with engine(db, workflow) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        results = client.tail("workflow-result", from_start=False, count=1, timeout_s=20)
        client.send(
            [
                OutRecord("workflow-resume", b"t", wire.encode_start(1)),
                OutRecord("workflow-resume", b"t", wire.encode_resume("a", 2)),
            ]
        )
        begun = list(client.tail("out", from_start=True, count=2, timeout_s=20))
        assert [record.value for record in begun] == [b"begun", b"a"]
        resumed = [OutRecord("workflow-resume", b"t", wire.encode_resume("b", 3))]
        early = client.tail("workflow-resume", from_start=True, count=2, timeout_s=0)
        assert len(list(early)) == 2
        timers = client.tail("workflow-scheduler", from_start=True, count=1, timeout_s=20)
        sender = threading.Timer(0.1, SqliteClient(Settings(db=db)).send, (resumed,))
        sender.start()
        assert len(list(timers)) == 1
        assert [record.value for record in results] == [b"[1,[2,3],4]"]
        sender.join()
    client.close()


@pytest.mark.slow
@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_death_at_every_commit_changes_nothing(db: str, tmp_path: Path, point: str) -> None:
    workflow = tmp_path / "saga.py"
    workflow.write_text(SAGA)
    client = SqliteClient(Settings(db=db))
    names = [f"t{number}".encode() for number in range(3)]
    steps = [wire.encode_start(7), wire.encode_resume("a", 1), wire.encode_resume("b", 2)]
    deaths = 0
    for step in steps:
        client.send([OutRecord("workflow-resume", name, step) for name in names])
        for nth in itertools.count(1):
            with engine(db, workflow, "until-idle", failpoint=f"{point}:{nth}") as process:
                _, errors = process.communicate(timeout=60)
            if process.returncode == 0:
                break
            assert process.returncode == 137, errors
            deaths += 1
    with engine(db, workflow) as process:
        results = client.tail("workflow-result", from_start=True, count=3, timeout_s=30)
        assert len(list(results)) == 3
    assert deaths >= 3
    assert sorted(records(client, "workflow-result")) == [(name, b"[7,[1,2],4]") for name in names]
    expected = sorted((name, value) for name in names for value in (b"begun", b"a", b"b"))
    assert sorted(records(client, "out"), key=repr) == sorted(expected, key=repr)
    assert list(client.threads()) == []
    assert records(client, "workflow-dead-letter") == []
    client.close()


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("hello" * 1000)
    other = tmp_path / "other.db"
    connection = apsw.Connection(str(other))
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(ConfigError, match="not an SQLite database"):
        SqliteClient(Settings(db=str(text)))
    with pytest.raises(ConfigError, match="something else"):
        SqliteClient(Settings(db=str(other)))
    with pytest.raises(ConfigError, match="no folder"):
        SqliteClient(Settings(db=str(tmp_path / "none" / "kwf.db")))
    with pytest.raises(ConfigError, match="no folder|cannot make"):
        SqliteLog(str(tmp_path / "none" / "kwf.db"))
    with pytest.raises(ConfigError, match="memory"):
        SqliteClient(Settings(db=":memory:"))


def test_a_newer_schema_is_refused(db: str) -> None:
    SqliteClient(Settings(db=db)).close()
    connection = apsw.Connection(db)
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(ConfigError, match="schema version 99"):
        SqliteLog(db)
    connection = apsw.Connection(db)
    connection.pragma("user_version", 1)
    connection.close()
    SqliteLog(db).close()


def test_a_failed_commit_leaves_nothing(db: str) -> None:
    log = SqliteLog(db)
    good = Batch(threads={"a": ThreadRecord("a", "w", state=b"1")}, timers={b"k": 5})
    log.commit(good, {"workflow-resume": 3}, 100)
    pages = log._db.pragma("page_count")
    log._db.pragma("max_page_count", pages)
    big = OutRecord("out", b"k", b"x" * 1_000_000)
    bad = Batch(threads={"a": None, "b": ThreadRecord("b", "w")}, timers={b"k": None})
    bad.outputs.append(big)
    with pytest.raises(StoreBusyError, match="cannot write"):
        log.commit(bad, {"workflow-resume": 9}, 100)
    assert log.get("a") == ThreadRecord("a", "w", state=b"1")
    assert (log.get("b"), log.timer(b"k"), log.position("workflow-resume")) == (None, 5, 3)
    assert log.end("out") == 0
    log._db.pragma("max_page_count", 1_000_000)
    log.commit(bad, {"workflow-resume": 9}, 100)
    assert (log.get("a"), log.end("out"), log.position("workflow-resume")) == (None, 1, 9)
    log.close()


def test_offsets_are_dense_across_writers(db: str) -> None:
    log, client = SqliteLog(db), SqliteClient(Settings(db=db))
    for _ in range(3):
        client.send([OutRecord("x", None, b"1"), OutRecord("y", None, b"2")])
        log.commit(Batch(outputs=[OutRecord("x", None, b"3")]), {}, 1)
    found = log.read("x", 0, 100)
    assert [record.offset for record in found] == list(range(6))
    assert [(info.name, info.first, info.end) for info in client.topics()] == [
        ("x", 0, 6),
        ("y", 0, 3),
    ]
    client.close()
    log.close()


def test_a_change_by_another_connection_is_noticed(db: str) -> None:
    log, client = SqliteLog(db), SqliteClient(Settings(db=db))
    log.changed()
    assert not log.changed()
    log.commit(Batch(outputs=[OutRecord("x", None, b"3")]), {}, 1)
    assert not log.changed()
    client.send([OutRecord("x", None, b"1")])
    assert log.changed()
    assert not log.changed()
    client.close()
    log.close()


def test_large_records_are_read_a_few_at_a_time(db: str) -> None:
    log, client = SqliteLog(db), SqliteClient(Settings(db=db))
    client.send([OutRecord("x", None, b"v" * 6_000_000) for _ in range(6)])
    assert [record.offset for record in log.read("x", 0, 100)] == [0, 1, 2]
    assert [record.offset for record in log.read("x", 5, 100)] == [5]
    client.close()
    log.close()


def test_timers_and_wake_ups_in_due_order(db: str) -> None:
    log = SqliteLog(db)
    threads: dict[str, ThreadRecord | None] = {
        "late": ThreadRecord("late", "w", due_ms=30),
        "soon": ThreadRecord("soon", "w", due_ms=10),
        "never": ThreadRecord("never", "w"),
        "parked": ThreadRecord("parked", "w", "parked", due_ms=5),
    }
    log.commit(Batch(threads=threads, timers={b"b": 20, b"a": 20, b"c": 1}), {}, 0)
    assert log.due_threads(100, 10) == [(10, "soon"), (30, "late")]
    assert log.due_threads(29, 10) == [(10, "soon")]
    assert log.due_timers(20, 10) == [(1, b"c"), (20, b"b"), (20, b"a")]
    assert log.due_timers(20, 1) == [(1, b"c")]
    log.commit(Batch(timers={b"b": 20, b"c": None}), {}, 0)
    assert log.due_timers(20, 10) == [(20, b"a"), (20, b"b")]
    assert log.next_due_ms() == 10
    log.commit(Batch(threads={"soon": None, "late": None}, timers={b"a": None, b"b": None}), {}, 0)
    assert log.next_due_ms() is None
    log.close()


def test_a_damaged_row_is_one_parked_thread(db: str) -> None:
    log = SqliteLog(db)
    log.commit(Batch(threads={"a": ThreadRecord("a", "w"), "b": ThreadRecord("b", "w")}), {}, 0)
    log._db.execute("UPDATE thread SET body = x'00' WHERE id = 'a'")
    client = SqliteClient(Settings(db=db))
    assert [(t.thread_id, t.status) for t in client.threads()] == [
        ("a", "parked"),
        ("b", "waiting"),
    ]
    client.close()
    log.close()


def test_a_damaged_row_with_a_due_timer_does_not_come_up_for_ever(db: str) -> None:
    log = SqliteLog(db)
    log.commit(Batch(threads={"a": ThreadRecord("a", "w", due_ms=1)}), {}, 0)
    log._db.execute("UPDATE thread SET body = x'00' WHERE id = 'a'")
    join = Join(Program({}), Settings(), log)
    batch = join.begin()
    assert join.fire_due(batch, 5) == 1
    log.commit(batch, {}, 5)
    assert log.due_threads(5, 10) == []
    assert [record.thread_id for record in log.parked()] == ["a"]
    log.close()
