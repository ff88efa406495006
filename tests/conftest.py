"""Fixtures of the whole suite: a real Kafka broker for the tests that are marked `kafka`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kwf_runtime.settings import Settings

KAFKA_DEV = Path(__file__).with_name("kafka_dev.py")
MakeSettings = Callable[..., "Settings"]


def _no_broker(reason: str) -> None:
    """Skip where a broker is optional; fail where a skip would hide that nothing was tested."""
    if os.environ.get("CI") == "true" or os.environ.get("KWF_REQUIRE_KAFKA") == "1":
        pytest.fail(f"no Kafka broker: {reason}")
    pytest.skip(f"no Kafka broker: {reason}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a broker to every test that is marked `kafka`, whatever made it."""
    for item in items:
        if item.get_closest_marker("kafka") is None or not isinstance(item, pytest.Function):
            continue
        if "kafka" not in item.fixturenames:
            item.fixturenames.insert(0, "kafka")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`bootstrap.servers` of a broker: KAFKA_BOOTSTRAP's, or one started for this session."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        _no_broker("set KAFKA_BOOTSTRAP, or install Java 17 (openjdk-17-jre-headless) and Maven")
    folder = str(tmp_path_factory.mktemp("kafka") / "cluster")
    tool = [sys.executable, str(KAFKA_DEV)]
    options = ["--port", "0", "--dir", folder, "--fast"]
    up = subprocess.run([*tool, "up", *options], capture_output=True, text=True, check=False)
    if up.returncode:
        _no_broker(up.stderr.strip())
    # Our own broker notices dead workers sooner than a broker's defaults allow.
    os.environ["KWF_TEST_SESSION_MS"] = "2000"
    # For child processes, and for whoever asks only at run time whether there is a broker.
    os.environ["KAFKA_BOOTSTRAP"] = up.stdout.strip()
    try:
        yield up.stdout.strip()
    finally:
        del os.environ["KAFKA_BOOTSTRAP"], os.environ["KWF_TEST_SESSION_MS"]
        subprocess.run([*tool, "down", "--now", "--wipe", "--dir", folder], check=True)


@pytest.fixture
def kafka_settings(kafka: str, tmp_path: Path) -> MakeSettings:
    """Makes settings with fresh topics, a fresh group and a fresh folder, and the topics."""
    from kwf_runtime.runners.kafka_topics import create_topics
    from kwf_runtime.settings import Settings

    def make(*, partitions: int = 2, outputs: tuple[str, ...] = (), **fields: object) -> Settings:
        run = f"t{uuid.uuid4().hex[:10]}"
        # Short sessions: a worker that is killed or paused is to be noticed within the test.
        kafka_fields = {
            "bootstrap.servers": kafka,
            "session.timeout.ms": os.environ.get("KWF_TEST_SESSION_MS", "6000"),
            "heartbeat.interval.ms": "300",
            **fields.pop("kafka", {}),  # type: ignore[dict-item]
        }
        settings = Settings(
            runner="kafka",
            application_id=f"app-{run}",
            topic_prefix=f"{run}.",
            store_dir=str(tmp_path / "store"),
            kafka=kafka_fields,
            **fields,  # type: ignore[arg-type]
        )
        if partitions:
            create_topics(settings, partitions, outputs=outputs)
        return settings

    return make
