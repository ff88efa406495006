#!/usr/bin/env python3
"""A throw-away Apache Kafka cluster (KRaft) on 127.0.0.1, from Maven Central jars only.

  up [--port P] [--dir D] [--brokers N]   start (or reuse), wait until ready, print the bootstrap
  down [--dir D] [--now] [--wipe]         stop only the processes recorded in D
  status [--dir D]                        JSON; exit 0 when every broker is alive and ready, else 3
  kill|start|pause|resume ID [--dir D]    one broker: SIGKILL, start, SIGSTOP, SIGCONT
  run [up options] -- CMD...              up, CMD with KAFKA_BOOTSTRAP set, down; CMD's exit status
  jars [--version V]                      resolve the jars only; print their folder

For tests and benchmarks: no replication across machines, no security, data in a temporary folder.
Needs the standard library, `java` (17 or newer) and, for the first start only, `mvn`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from kafka_cluster import VERSION, Cluster, ClusterError, fetch_jars, locked, note, wait_gone

DEFAULT_PORT = 19092


def start_cluster(args: argparse.Namespace) -> Cluster:
    """Start what does not run of a folder's cluster; make one if there is none."""
    folder = Path(args.dir).absolute()
    with locked(folder / ".lock"):
        cluster = Cluster.load(folder)
        extra = dict(pair.split("=", 1) for pair in args.set or [])
        if cluster is None:
            cluster = Cluster(folder, args.version, args.heap, args.fast, extra)
            jars = fetch_jars(cluster.version, args.cache)
            cluster.create(args.brokers or 1, args.port)
        else:
            check_same(cluster, args, extra)
            jars = fetch_jars(cluster.version, args.cache)
        down = [broker for broker in cluster.brokers if not broker.alive()]
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda broker: cluster.format(jars, broker), down))
            for broker in down:
                cluster.launch(jars, broker)
            cluster.wait_ready(down, args.timeout)
        except BaseException:
            for broker in down:
                broker.signal(signal.SIGKILL)
            raise
    return cluster


def check_same(cluster: Cluster, args: argparse.Namespace, extra: dict[str, str]) -> None:
    """An existing folder keeps its ports, settings and data: refuse what differs."""
    asked = args.port if args.port_given else 0
    if (
        (args.brokers and args.brokers != len(cluster.brokers))
        or (asked and asked != cluster.brokers[0].port)
        or ((args.fast or extra) and (args.fast, extra) != (cluster.fast, cluster.extra))
    ):
        raise ClusterError(
            f"{cluster.folder} holds {len(cluster.brokers)} broker(s) from port "
            f"{cluster.brokers[0].port} with other settings; `down --wipe` first, or use --dir"
        )


def stop_cluster(folder: Path, *, now: bool = False, wipe: bool = False) -> None:
    """Stop the processes recorded in a folder; delete the folder only if we made it."""
    cluster = Cluster.load(folder)
    if cluster is None:
        return
    live = [broker for broker in cluster.brokers if broker.alive()]
    for broker in live:
        broker.signal(signal.SIGCONT)
        broker.signal(signal.SIGKILL if now else signal.SIGTERM)
    if not wait_gone(live, 10):  # a quorum can hang while its last members stop
        for broker in live:
            broker.signal(signal.SIGKILL)
        wait_gone(live, 10)
    for broker in cluster.brokers:
        broker.pid = broker.started = None
    cluster.save()
    if wipe:
        shutil.rmtree(cluster.folder)


def print_status(folder: Path) -> int:
    """JSON of what runs; the exit status."""
    cluster = Cluster.load(folder)
    if cluster is None:
        print(json.dumps({"up": False, "dir": str(folder), "why": "nothing was started there"}))
        return 3
    rows = [{**asdict(broker), "alive": broker.alive()} for broker in cluster.brokers]
    up = all(row["alive"] for row in rows) and cluster.ready()
    print(json.dumps({"up": up, "bootstrap": cluster.bootstrap, "brokers": rows}, indent=1))
    return 0 if up else 3


def change_broker(args: argparse.Namespace) -> int:
    """Kill, start, pause or resume one broker."""
    folder = Path(args.dir).absolute()
    with locked(folder / ".lock"):
        cluster = Cluster.load(folder)
        if cluster is None:
            raise ClusterError(f"nothing was started in {folder}")
        broker = cluster.broker(args.id)
        if args.command == "start":
            if not broker.alive():
                cluster.launch(fetch_jars(cluster.version, args.cache), broker)
            cluster.wait_ready([broker], args.timeout)
            return 0
        signals = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}
        if not broker.signal(signals[args.command]):
            raise ClusterError(f"broker {args.id} is not running")
        if args.command == "kill":
            wait_gone([broker], 10)
    return 0


def run_with_cluster(args: argparse.Namespace, command: Sequence[str]) -> int:
    """A cluster for the time of one command."""
    try:
        cluster = start_cluster(args)
        environment = {**os.environ, "KAFKA_BOOTSTRAP": cluster.bootstrap}
        return subprocess.call(command, env=environment)
    finally:
        stop_cluster(Path(args.dir).absolute(), now=True, wipe=True)


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line, without what follows `--`."""
    parser = argparse.ArgumentParser(
        prog="kafka_dev.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "down", "status", "kill", "start", "pause", "resume", "run", "jars"):
        sub = commands.add_parser(name)
        sub.add_argument("--dir", help="data, logs, pids (default: $KAFKA_DEV_DIR or temporary)")
        sub.add_argument("--port", type=int, help=f"first port, 0: any (default {DEFAULT_PORT})")
        sub.add_argument("--cache", help="the jars (default: $KAFKA_DEV_CACHE, ~/.cache/kafka-dev)")
        sub.add_argument("--timeout", type=float, default=90, help="seconds to wait until ready")
        if name in ("up", "run", "jars"):
            version = os.environ.get("KAFKA_DEV_VERSION", VERSION)
            sub.add_argument("--version", default=version, help="of Kafka (default %(default)s)")
        if name in ("up", "run"):
            sub.add_argument("--brokers", type=int, choices=range(1, 10), metavar="N")
            sub.add_argument("--heap", default="512m")
            sub.add_argument("--set", action="append", metavar="K=V", help="a broker setting")
            sub.add_argument("--fast", action="store_true", help="short time-outs, for faults")
            sub.add_argument("--fresh", action="store_true", help="wipe what the folder holds")
        if name == "down":
            sub.add_argument("--now", action="store_true", help="SIGKILL instead of SIGTERM")
            sub.add_argument("--wipe", action="store_true", help="and delete the folder")
        if name in ("kill", "start", "pause", "resume"):
            sub.add_argument("id", type=int)
    args = parser.parse_args(argv)
    args.port_given = args.port is not None
    args.port = DEFAULT_PORT if args.port is None else args.port
    if args.command == "run" and not args.dir:
        args.dir = tempfile.mkdtemp(prefix="kafka-dev-run-")
    default = f"{tempfile.gettempdir()}/kafka-dev-{os.getuid()}-{args.port}"
    args.dir = args.dir or os.environ.get("KAFKA_DEV_DIR") or default
    return args


def main(argv: list[str]) -> int:
    """Run one command; its exit status."""
    at = argv.index("--") if "--" in argv else len(argv)
    args, command = parse_arguments(argv[:at]), argv[at + 1 :]
    folder = Path(args.dir).absolute()
    if args.command == "jars":
        print(fetch_jars(args.version, args.cache))
        return 0
    if args.command == "status":
        return print_status(folder)
    if args.command == "down":
        stop_cluster(folder, now=args.now, wipe=args.wipe)
        return 0
    if args.command in ("up", "run"):
        if args.fresh:
            stop_cluster(folder, now=True, wipe=True)
        if args.command == "run":
            if not command:
                raise ClusterError("run needs a command: run -- CMD...")
            return run_with_cluster(args, command)
        print(start_cluster(args).bootstrap)
        return 0
    return change_broker(args)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ClusterError as error:
        note(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
