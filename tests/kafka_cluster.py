"""Processes, folders and wire requests behind `kafka_dev.py`: a KRaft cluster on 127.0.0.1.

For tests and benchmarks: no security, no replication across machines. Only processes that a
folder's `cluster.json` records (by pid and start time) are ever signalled.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

VERSION = "4.4.0"
HOST = "127.0.0.1"
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>kwf.dev</groupId><artifactId>kafka-jars</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>{version}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
<version>1.7.36</version></dependency>
</dependencies></project>
"""
# Quick failure detection for tests; the broker's own defaults are 10 s to 45 s.
FAST = {
    "group.min.session.timeout.ms": "500",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "3000",
    "group.consumer.min.heartbeat.interval.ms": "200",
    "group.consumer.heartbeat.interval.ms": "500",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


class ClusterError(Exception):
    """The cluster cannot do what was asked; the message says why."""


def note(message: str) -> None:
    """Tell a person what goes on; stdout is kept for results."""
    print(f"kafka-dev: {message}", file=sys.stderr, flush=True)


def find_tool(name: str, why: str) -> str:
    """The path of an executable, JAVA_HOME's for java."""
    home = os.environ.get("JAVA_HOME")
    if name == "java" and home and os.access(f"{home}/bin/java", os.X_OK):
        return f"{home}/bin/java"
    path = shutil.which(name)
    if path is None:
        raise ClusterError(f"`{name}` not found on PATH: {why}")
    return path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock file, so that two test runs do not do the same work at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch_jars(version: str, cache: str | None) -> Path:
    """The folder with Kafka's jars; runs Maven once per version and cache folder."""
    default = Path.home() / ".cache/kafka-dev"
    root = Path(cache or os.environ.get("KAFKA_DEV_CACHE") or default)
    home = root / version
    with locked(root / f".{version}.lock"):
        if (home / ".complete").exists():
            return home
        maven = find_tool("mvn", "needed once, to fetch the Kafka jars (apt-get install maven)")
        note(f"fetching Kafka {version} with Maven (once)")
        with tempfile.TemporaryDirectory(dir=root) as scratch:
            (Path(scratch) / "pom.xml").write_text(POM.format(version=version))
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
            done = run_quietly(
                [maven, "-q", "-B", "-ntp", *goal, f"-DoutputDirectory={scratch}/out"], scratch
            )
            out = Path(scratch) / "out"
            if done.returncode or not list(out.glob("kafka_2.13-*.jar")):
                raise ClusterError(
                    f"Maven could not resolve org.apache.kafka:kafka_2.13:{version}\n"
                    f"{done.stdout[-2000:]}"
                )
            (out / ".complete").touch()
            shutil.rmtree(home, ignore_errors=True)
            out.rename(home)
    return home


def run_quietly(command: Sequence[str], folder: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it said."""
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


# ------------------------------------------------- two requests of Kafka's wire protocol


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def request(port: int, api: int, version: int, body: bytes) -> bytes:
    """One request to one broker; the answer without its correlation id."""
    message = struct.pack(">hhi", api, version, 1) + _string("kafka-dev") + body
    with socket.create_connection((HOST, port), timeout=3.0) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        with connection.makefile("rb") as answer:
            (size,) = struct.unpack(">i", answer.read(4))
            return answer.read(size)[4:]


def known_brokers(port: int) -> set[int]:
    """Metadata v4 for no topic: ids of the brokers that are registered and not fenced."""
    answer = request(port, 3, 4, struct.pack(">ib", 0, 0))
    (count,) = struct.unpack_from(">i", answer, 4)
    at, ids = 8, set()
    for _ in range(count):
        node, host_size = struct.unpack_from(">ih", answer, at)
        at += 6 + host_size + 4
        (rack_size,) = struct.unpack_from(">h", answer, at)
        at += 2 + max(rack_size, 0)
        ids.add(node)
    return ids


def coordinator_error(port: int, kind: int) -> int:
    """FindCoordinator v1 (0 group, 1 transaction): creates its topic; 0 when one answers."""
    answer = request(port, 10, 1, _string("kafka-dev") + struct.pack(">b", kind))
    (code,) = struct.unpack_from(">h", answer, 4)
    return int(code)


# ------------------------------------------------- processes and folders


def start_time(pid: int) -> int | None:
    """Start time of a process in clock ticks (with the pid it names one process), or None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass
class Broker:
    """One broker of a cluster, and the process that runs it."""

    id: int
    port: int
    controller_port: int
    pid: int | None = None
    started: int | None = None

    def alive(self) -> bool:
        """Whether the process that we started still runs."""
        return self.pid is not None and start_time(self.pid) == self.started

    def signal(self, number: signal.Signals) -> bool:
        """Signal the process; never a pid that is no longer ours."""
        if self.pid is None or not self.alive():
            return False
        os.kill(self.pid, number)
        return True


@dataclass
class Cluster:
    """What `cluster.json` of a folder records."""

    folder: Path
    version: str = VERSION
    heap: str = "512m"
    fast: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    cluster_id: str = ""
    brokers: list[Broker] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> Cluster | None:
        """The cluster of a folder, or None if there is none."""
        try:
            data = json.loads((folder / "cluster.json").read_text())
        except FileNotFoundError:
            return None
        brokers = [Broker(**row) for row in data.pop("brokers")]
        return cls(**{**data, "folder": folder, "brokers": brokers})

    def save(self) -> None:
        """Write `cluster.json` in one piece."""
        scratch = self.folder / "cluster.json.tmp"
        scratch.write_text(json.dumps({**asdict(self), "folder": str(self.folder)}, indent=1))
        scratch.rename(self.folder / "cluster.json")

    @property
    def bootstrap(self) -> str:
        """Value for `bootstrap.servers`."""
        return ",".join(f"{HOST}:{broker.port}" for broker in self.brokers)

    def home(self, broker: Broker) -> Path:
        """Folder of one broker's data, settings and log."""
        return self.folder / f"broker-{broker.id}"

    def create(self, count: int, first_port: int) -> None:
        """Choose ports and write the settings of new brokers."""
        ports, controllers = free_ports(first_port, count), free_ports(0, count)
        self.brokers = [
            Broker(number, port, controller)
            for number, (port, controller) in enumerate(zip(ports, controllers, strict=True), 1)
        ]
        self.cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        for broker in self.brokers:
            home = self.home(broker)
            home.mkdir(parents=True, exist_ok=True)
            lines = (f"{key}={value}\n" for key, value in self.properties(broker).items())
            (home / "server.properties").write_text("".join(lines))
        self.save()

    def properties(self, broker: Broker) -> dict[str, object]:
        """`server.properties` of one broker."""
        copies, in_sync = min(3, len(self.brokers)), 2 if len(self.brokers) >= 3 else 1
        own = f"{HOST}:{broker.port}"
        settings: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": broker.id,
            "controller.quorum.voters": ",".join(
                f"{b.id}@{HOST}:{b.controller_port}" for b in self.brokers
            ),
            "listeners": f"PLAINTEXT://{own},CONTROLLER://{HOST}:{broker.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{own}",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.home(broker) / "data",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "log.segment.bytes": 64 << 20,
            "log.cleaner.dedupe.buffer.size": 16 << 20,
        }
        for prefix in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
            settings[f"{prefix}.replication.factor"] = copies
            settings[f"{prefix}.num.partitions"] = 4
        settings["transaction.state.log.min.isr"] = in_sync
        settings["share.coordinator.state.topic.min.isr"] = in_sync
        return {**settings, **(FAST if self.fast else {}), **self.extra}

    def java(self, jars: Path, main: str, *arguments: object) -> list[str]:
        """Command that runs one of Kafka's classes."""
        return [
            find_tool("java", "17 or newer is needed (apt-get install openjdk-17-jre-headless)"),
            f"-Xmx{self.heap}",
            "-Xms64m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-cp",
            f"{jars}/*",
            main,
            *map(str, arguments),
        ]

    def format(self, jars: Path, broker: Broker) -> None:
        """Prepare the data folder of a new broker."""
        home = self.home(broker)
        if (home / "data/meta.properties").exists():
            return
        arguments = ["format", "-t", self.cluster_id, "-c", home / "server.properties"]
        done = run_quietly(self.java(jars, "kafka.tools.StorageTool", *arguments), home)
        (home / "format.log").write_text(done.stdout)
        if done.returncode:
            raise ClusterError(f"formatting broker {broker.id} failed\n{done.stdout[-1500:]}")

    def launch(self, jars: Path, broker: Broker) -> None:
        """Start a broker in a session of its own, so that a Ctrl-C here does not reach it."""
        home = self.home(broker)
        with (home / "broker.log").open("ab") as log:
            process = subprocess.Popen(
                self.java(jars, "kafka.Kafka", home / "server.properties"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=home,
            )
        broker.pid, broker.started = process.pid, start_time(process.pid)
        self.save()

    def ready(self) -> bool:
        """Every living broker sees all of them, and both coordinators answer."""
        wanted = [broker for broker in self.brokers if broker.alive()]
        ids = {broker.id for broker in wanted}
        try:
            if any(not ids <= known_brokers(broker.port) for broker in wanted):
                return False
            return all(coordinator_error(wanted[0].port, kind) == 0 for kind in (0, 1))
        except (OSError, struct.error):
            return False

    def wait_ready(self, starting: Sequence[Broker], timeout_s: float) -> None:
        """Wait until the cluster serves; an error with the log's tail if it does not."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for broker in starting:
                reap(broker)
                if not broker.alive():
                    raise ClusterError(f"broker {broker.id} ended:\n{self.log_tail(broker)}")
            if self.ready():
                return
            time.sleep(0.1)
        tail = self.log_tail(self.brokers[0])
        raise ClusterError(f"not ready after {timeout_s:.0f} s; log of broker 1:\n{tail}")

    def log_tail(self, broker: Broker) -> str:
        """The last lines that a broker logged."""
        try:
            text = (self.home(broker) / "broker.log").read_text(errors="replace")
        except OSError as error:
            return f"(no log: {error})"
        return "\n".join(text.splitlines()[-25:])

    def broker(self, number: int) -> Broker:
        """A broker by its id."""
        for broker in self.brokers:
            if broker.id == number:
                return broker
        raise ClusterError(f"no broker {number} in {self.folder}")


def reap(broker: Broker) -> None:
    """Collect a child that ended, so that it does not count as running."""
    if broker.pid is not None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(broker.pid, os.WNOHANG)


def wait_gone(brokers: Sequence[Broker], timeout_s: float) -> bool:
    """Whether all the processes ended within the time."""
    end = time.monotonic() + timeout_s
    while any(broker.alive() for broker in brokers):
        if time.monotonic() > end:
            return False
        for broker in brokers:
            reap(broker)
        time.sleep(0.05)
    return True


def free_ports(first: int, count: int) -> list[int]:
    """`count` ports from `first` on, or any free ones for 0."""
    with contextlib.ExitStack() as stack:
        ports = []
        for number in range(count):
            held = stack.enter_context(socket.socket())
            wanted = first + number if first else 0
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(bool(first)))
            try:
                held.bind((HOST, wanted))
            except OSError as error:
                raise ClusterError(f"port {wanted} is taken: choose --port, 0 for any") from error
            ports.append(held.getsockname()[1])
        return ports
