"""The command line of the benchmarks: `python -m bench --help`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bench.load import Load
from bench.report import machine

Command = Callable[[argparse.Namespace], str]


def ratio(args: argparse.Namespace) -> str:
    from bench.ratio import run_ratio

    return run_ratio(args.stores, Load(args.threads, args.awaits), args.rounds)


def closed(args: argparse.Namespace) -> str:
    from bench.closed import run_closed

    return run_closed(args.stores, Load(args.threads, args.awaits), args.rounds)


def phases(args: argparse.Namespace) -> str:
    from bench.phases import run_phases

    return run_phases(Load(args.threads, args.awaits), args.rounds)


def age(args: argparse.Namespace) -> str:
    from bench.age import run_age

    return run_age(args.awaits, args.timed)


def suspended(args: argparse.Namespace) -> str:
    from bench.suspended import run_suspended

    return run_suspended(args.stores, args.threads)


def depth(args: argparse.Namespace) -> str:
    from bench.depth import run_depth

    return run_depth(args.depths, args.resumes)


def startup(args: argparse.Namespace) -> str:
    from bench.startup import run_startup

    return run_startup(args.rounds)


def main(argv: list[str] | None = None) -> None:
    """Run one benchmark and print its table."""
    args = _parser().parse_args(argv)
    command: Command = args.command
    print(machine())
    print(command(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks of kwf.")
    commands = parser.add_subparsers(required=True)

    def add(command: Command, text: str, **options: object) -> argparse.ArgumentParser:
        sub = commands.add_parser(command.__name__, help=text, description=text)
        sub.set_defaults(command=command)
        for name, default in options.items():
            sub.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
        return sub

    load = {"threads": 300, "awaits": 20, "rounds": 5}
    three = ("memory", "sqlite", "kafka")
    _add_stores(add(ratio, "the engine against the bare loops", **load), three, three[:2])
    _add_stores(add(closed, "`kwf run` and a service", **load), three[1:], three[1:2])
    add(phases, "where the microseconds of a step go", **load)
    add(age, "the first and the last events of an old thread", awaits=10_000, timed=200)
    sub = add(suspended, "memory of `kwf run` while threads wait", threads=5000)
    _add_stores(sub, three[1:], three[1:2])
    sub = add(depth, "a resume in a chain of awaits, compiled and native", resumes=5000)
    sub.add_argument("--depths", type=int, nargs="+", default=[1, 10, 50, 1000])
    add(startup, "`kwf --help`", rounds=15)
    return parser


def _add_stores(
    sub: argparse.ArgumentParser, choices: tuple[str, ...], default: tuple[str, ...]
) -> None:
    sub.add_argument(
        "--stores",
        nargs="+",
        choices=choices,
        default=list(default),
        help=f"default {' '.join(default)}; kafka needs KAFKA_BOOTSTRAP",
    )


if __name__ == "__main__":
    main()
