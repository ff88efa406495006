"""Hash, changelog bytes and local stores of the Kafka runner, without a broker."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kwf_runtime.errors import DecodeError
from kwf_runtime.runners.envelope import ThreadRecord
from kwf_runtime.runners.kafka_changelog import (
    POSITION,
    THREAD,
    TIMER,
    Changes,
    Position,
    decode_due,
    decode_head,
    decode_position,
    encode_due,
    encode_position,
    thread_changes,
    thread_key,
)
from kwf_runtime.runners.kafka_hash import murmur2, partition_for
from kwf_runtime.runners.kafka_kv import KeyValue, MemoryKeyValue, RocksKeyValue, open_rocks
from kwf_runtime.runners.kafka_local import Workplace
from kwf_runtime.runners.kafka_store import PartitionStore, StoreSet
from kwf_runtime.settings import Settings

DAY_MS = 24 * 3600 * 1000


class TestMurmur2:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [  # Kafka's own UtilsTest
            (b"21", -973932308),
            (b"foobar", -790332482),
            (b"a-little-bit-long-string", -985981536),
            (b"a-little-bit-longer-string", -1486304829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            (b"abc", 479470107),
        ],
    )
    def test_vectors_of_kafka(self, data: bytes, expected: int) -> None:
        assert murmur2(data) == expected

    def test_partition_of_a_java_producer(self) -> None:
        assert partition_for(b"thread1", 12) == 1


def _rocks(folder: Path) -> KeyValue:
    return RocksKeyValue(folder / "rocks")


def _memory(folder: Path) -> KeyValue:
    return MemoryKeyValue()


@pytest.fixture(params=[_rocks, _memory], ids=["rocks", "memory"])
def kv(request: pytest.FixtureRequest, tmp_path: Path) -> KeyValue:
    store: KeyValue = request.param(tmp_path)
    request.addfinalizer(store.close)
    return store


class TestKeyValue:
    def test_against_a_dict(self, kv: KeyValue) -> None:
        chance, model = random.Random(7), dict[bytes, bytes]()
        for _ in range(50):
            changes: dict[bytes, bytes | None] = {}
            for _ in range(20):
                key = b"%c:%d" % (chance.choice(b"abd"), chance.randrange(60))
                changes[key] = None if chance.random() < 0.4 else b"%d" % chance.randrange(1000)
            kv.write(changes.items())
            model.update({key: value for key, value in changes.items() if value is not None})
            for key in [key for key, value in changes.items() if value is None]:
                model.pop(key, None)
            assert list(kv.scan(b"b:", b"c")) == sorted(k for k in model if k.startswith(b"b:"))
        assert all(kv.get(key) == value for key, value in model.items())
        assert kv.get(b"nothing") is None

    def test_a_damaged_folder_is_made_anew(self, tmp_path: Path) -> None:
        kv, damage = open_rocks(tmp_path / "db")
        kv.write([(b"key", b"value")])
        kv.close()
        assert damage is None
        for file in (tmp_path / "db").glob("MANIFEST*"):
            file.write_bytes(b"rubbish")
        kv, damage = open_rocks(tmp_path / "db")
        assert damage is not None
        assert kv.get(b"key") is None
        kv.close()


def _record(name: str = "t", *, due_ms: int | None = None, size: int = 10) -> ThreadRecord:
    calls = (b"call",) if name.startswith("calling") else ()
    return ThreadRecord(name, "flow", due_ms=due_ms, calls=calls, state=bytes(size))


def _put(store: PartitionStore, *records: ThreadRecord, piece_bytes: int = 1000) -> None:
    changes: Changes = {}
    for record in records:
        key = thread_key(record.thread_id)
        changes.update(thread_changes(key, record, store.head(key), piece_bytes))
    store.apply(changes, 1, 0)


def _end(store: PartitionStore, name: str) -> Changes:
    key = thread_key(name)
    changes = thread_changes(key, None, store.head(key), 1000)
    store.apply(changes, 2, 0)
    return changes


class TestPartitionStore:
    def test_threads_come_and_go(self, kv: KeyValue) -> None:
        store = PartitionStore(kv)
        _put(store, _record("a"), _record("b"))
        assert store.get("a") == _record("a")
        assert [record.thread_id for record in store.threads()] == ["a", "b"]
        assert _end(store, "a") == {THREAD + b"a": None}
        assert store.get("a") is None
        assert _end(store, "never there") == {}

    def test_due_order_and_moves(self, kv: KeyValue) -> None:
        store = PartitionStore(kv)
        _put(store, _record("late", due_ms=300), _record("soon", due_ms=100), _record("never"))
        assert store.next_due_ms() == 100
        assert store.due_threads(299, 10) == [(100, "soon")]
        _put(store, _record("soon", due_ms=400))
        assert store.next_due_ms() == 300
        assert store.due_threads(1000, 10) == [(300, "late"), (400, "soon")]
        assert store.due_threads(1000, 1) == [(300, "late")]
        _put(store, _record("late"), _record("first", due_ms=5))
        assert store.due_threads(1000, 10) == [(5, "first"), (400, "soon")]
        _end(store, "first")
        _end(store, "soon")
        assert store.next_due_ms() is None
        assert store.due_threads(10**15, 10) == []

    def test_timers_of_the_scheduler(self, kv: KeyValue) -> None:
        store = PartitionStore(kv)
        store.apply({TIMER + b"t|1": encode_due(50), TIMER + b"t|2": encode_due(40)}, 2, 0)
        assert store.due_timers(50, 10) == [(40, b"t|2"), (50, b"t|1")]
        assert store.timer(b"t|1") == 50
        store.apply({TIMER + b"t|2": None, TIMER + b"t|1": encode_due(60)}, 4, 0)
        assert store.next_due_ms() == 60
        assert store.timer(b"t|2") is None

    def test_due_against_a_model(self, kv: KeyValue) -> None:
        store, chance = PartitionStore(kv), random.Random(3)
        model: dict[bytes, int] = {}
        for _ in range(300):
            key, due_ms = b"k%d" % chance.randrange(20), chance.randrange(100)
            if chance.random() < 0.4:
                store.apply({TIMER + key: None}, 1, 0)
                model.pop(key, None)
            else:
                store.apply({TIMER + key: encode_due(due_ms)}, 1, 0)
                model[key] = due_ms
            now = chance.randrange(100)
            expected = sorted((due, name) for name, due in model.items() if due <= now)
            assert store.due_timers(now, 1000) == expected
            assert store.next_due_ms() == min(model.values(), default=None)

    def test_threads_with_activity_calls(self, kv: KeyValue) -> None:
        store = PartitionStore(kv)
        _put(store, _record("a"), _record("calling"), _record("calling too"))
        assert [record.thread_id for record in store.calling()] == ["calling", "calling too"]
        _end(store, "calling")
        assert [record.thread_id for record in store.calling()] == ["calling too"]

    @pytest.mark.parametrize("size", [900, 999, 1000, 1001, 5000, 20_000])
    def test_records_over_the_size_of_a_message_are_cut(self, kv: KeyValue, size: int) -> None:
        store = PartitionStore(kv)
        big = _record(size=size, due_ms=9)
        changes = thread_changes(thread_key("t"), big, None, 1000)
        assert all(len(value or b"") <= 1000 for value in changes.values())
        store.apply(changes, 1, 0)
        assert store.get("t") == big
        assert store.due_threads(9, 1) == [(9, "t")]
        # Smaller again, then gone: no piece stays behind.
        small = thread_changes(
            thread_key("t"), _record(size=1500), store.head(thread_key("t")), 1000
        )
        store.apply(small, 2, 0)
        assert store.get("t") == _record(size=1500)
        _end(store, "t")
        assert list(kv.scan(b"k:", b"l")) == []
        assert list(kv.scan(b"t:", b"u")) == []

    def test_a_lost_piece_parks_the_thread(self, kv: KeyValue) -> None:
        store = PartitionStore(kv)
        changes = thread_changes(thread_key("t"), _record(size=3000), None, 1000)
        changes.pop(next(iter(changes)))
        store.apply(changes, 1, 0)
        record = store.get("t")
        assert record is not None
        assert record.status == "parked"

    def test_position_and_offset(self, kv: KeyValue) -> None:
        store = PartitionStore(kv)
        assert store.position() == Position()
        assert store.offset() is None
        store.apply({POSITION: encode_position(Position(7, 9))}, 12, 99)
        assert store.position() == Position(7, 9)
        assert store.offset() == 12
        assert store.saved_ms() == 99


class TestChangelogBytes:
    def test_other_versions_are_refused(self) -> None:
        head = thread_changes(b"t:x", _record("x"), None, 1000)[b"t:x"] or b""
        for decode, value in (
            (decode_head, head),
            (decode_due, encode_due(1)),
            (decode_position, encode_position(Position(1, 2))),
        ):
            with pytest.raises(DecodeError, match="version 2"):
                decode(b"\x02" + value[1:])
            with pytest.raises(DecodeError):
                decode(value[:3])


class TestStoreSet:
    def test_asks_the_owner_of_the_partition(self) -> None:
        stores = StoreSet(4)
        for number in range(4):
            stores.owned[number] = PartitionStore(MemoryKeyValue())
        names = [f"t{number}" for number in range(20)]
        for name in names:
            _put(stores.owned[partition_for(name.encode(), 4)], _record(name, due_ms=len(name)))
        assert all(stores.get(name) == _record(name, due_ms=len(name)) for name in names)
        assert len(stores.due_threads(10, 100)) == 20
        assert len(stores.due_threads(10, 7)) == 7
        del stores.owned[partition_for(b"t0", 4)]
        assert stores.get("t0") is None

    def test_a_timer_waits_for_records_that_may_beat_it(self) -> None:
        stores = StoreSet(1)
        stores.owned[0] = PartitionStore(MemoryKeyValue())
        _put(stores.owned[0], _record("t", due_ms=100))
        stores.read_until_ms = lambda number: 99
        assert stores.due_threads(500, 10) == []
        assert stores.next_due_ms() == 100
        stores.read_until_ms = lambda number: 100
        assert stores.due_threads(500, 10) == [(100, "t")]


class TestWorkplace:
    def _open(self, place: Workplace, *, origin: str = "o", end: int = 10, now_ms: int = 0) -> int:
        """Return the offset that the store of partition 0 goes up to; 0 if it was emptied."""
        store = place.open(0, origin, end, DAY_MS, now_ms)
        try:
            return store.offset() or 0
        finally:
            store.close()

    def test_stale_and_foreign_stores_are_read_anew(self, tmp_path: Path) -> None:
        place = Workplace(Settings(store_dir=str(tmp_path)), 0)

        def fill() -> None:
            store = place.open(0, "o", 10, DAY_MS, 0)
            store.apply({}, 8, 0)
            store.close()

        fill()
        assert self._open(place) == 8
        assert self._open(place, end=8, now_ms=9 * DAY_MS) == 8  # nothing to miss
        assert self._open(place, now_ms=9 * DAY_MS) == 0  # ended threads would come back
        fill()
        assert self._open(place, origin="another") == 0
        fill()
        assert self._open(place, end=7) == 0
        place.close()

    def test_each_process_has_a_number_and_a_name(self, tmp_path: Path) -> None:
        settings = Settings(store_dir=str(tmp_path))
        first, second = Workplace(settings, 0), Workplace(settings, 0)
        assert (first.number, second.number) == (0, 1)
        assert first.transactional_id != second.transactional_id
        name = first.transactional_id
        first.close()
        again = Workplace(settings, 0)
        assert again.transactional_id == name
        again.close()
        second.close()
