"""Settings: one Java properties file in, one frozen object out.

`workflow.*` properties are ours: `PROPERTIES` is the one table of them, docs/config.md is made from
it. Everything else goes to librdkafka as it stands, except what only Kafka's Java clients know
(`java_properties`): that is left out with a note, so that the `streams.properties` of
awto/kafka-workflow works unchanged. Limits: values are checked one by one; whether they fit the
brokers, `kwf doctor` says.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from kwf_runtime.errors import ConfigError
from kwf_runtime.java_properties import reason_to_leave_out

RunnerName = Literal["sqlite", "kafka", "postgres", "memory"]
UnmatchedPolicy = Literal["ignore", "buffer", "dead-letter"]
NewExistingPolicy = Literal["reject", "ignore", "replace"]

ENVIRONMENT_FILE: Final = "KWF_PROPS"
PREFIX: Final = "workflow."
DEFAULT_DB: Final = "kwf.db"
DEFAULT_APPLICATION_ID: Final = "workflow-engine"
DEFAULT_STORE_DIR: Final = ".kwf"

_SECRET = re.compile(r"password|secret|\.key$|\.key\.|\.pem$|jaas|token|credential|\.config$")
_URL_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything that a runner or a client has to know; see docs/config.md.

    Attributes:
        runner: Which runner to use.
        db: The file of SQLite, or the URL of Postgres.
        application_id: Kafka's consumer group and the prefix of its transactional ids; the name
            of the changelog topic begins with it.
        store_in_memory: Keep the local store of a Kafka worker in memory, not in `store_dir`.
        store_dir: Folder of the local stores of Kafka workers.
        unmatched: What to do with a record that no thread waits for.
        new_existing: What to do with a `new:` record for a thread that lives.
        topic_prefix: Put before the names of the engine's own topics.
        kafka: Settings for librdkafka, `bootstrap.servers` among them.
        source: The properties file that was read.
        notes: What was left out of that file, and why, a line each.
    """

    runner: RunnerName = "sqlite"
    db: str = DEFAULT_DB
    application_id: str = DEFAULT_APPLICATION_ID
    store_in_memory: bool = False
    store_dir: str = DEFAULT_STORE_DIR
    unmatched: UnmatchedPolicy = "ignore"
    new_existing: NewExistingPolicy = "reject"
    topic_prefix: str = ""
    kafka: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def resume_topic(self) -> str:
        """Topic of the events that threads are resumed with."""
        return self.topic_prefix + "workflow-resume"

    @property
    def result_topic(self) -> str:
        """Topic of the results, unless a module's `W.config` names another one."""
        return self.topic_prefix + "workflow-result"

    @property
    def error_topic(self) -> str:
        """Topic of the errors, unless a module's `W.config` names another one."""
        return self.topic_prefix + "workflow-error"

    @property
    def scheduler_topic(self) -> str:
        """Topic of the scheduler's protocol."""
        return self.topic_prefix + "workflow-scheduler"

    @property
    def dead_letter_topic(self) -> str:
        """Topic of the records that could not be taken."""
        return self.topic_prefix + "workflow-dead-letter"

    @property
    def changelog_topic(self) -> str:
        """The compacted topic behind the stores of Kafka's workers."""
        return f"{self.application_id}-workflow-state-changelog"

    def __repr__(self) -> str:
        """Show the settings without their secrets."""
        kafka = {key: mask(key, value) for key, value in self.kafka.items()}
        return (
            f"Settings(runner={self.runner!r}, db={mask('db', self.db)!r}, "
            f"application_id={self.application_id!r}, store_in_memory={self.store_in_memory!r}, "
            f"store_dir={self.store_dir!r}, unmatched={self.unmatched!r}, "
            f"new_existing={self.new_existing!r}, topic_prefix={self.topic_prefix!r}, "
            f"kafka={kafka!r})"
        )


def mask(key: str, value: str) -> str:
    """Return the value as it may be printed: `***` instead of a secret."""
    if _SECRET.search(key.lower()):
        return "***"
    return _URL_PASSWORD.sub(r"\1***@", value)


@dataclass(frozen=True, slots=True)
class Property:
    """One `workflow.*` property: its name, the field it sets, how it is read, and its help."""

    name: str
    field: str
    parse: Callable[[str], object]
    allowed: str
    help: str


def _one_of(*names: str) -> tuple[Callable[[str], object], str]:
    def parse(text: str) -> object:
        if text not in names:
            raise ValueError(text)
        return text

    return parse, ", ".join(names[:-1]) + f" or {names[-1]}"


def _boolean(text: str) -> object:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _nonempty(text: str) -> object:
    if not text:
        raise ValueError(text)
    return text


def _topic_part(text: str) -> object:
    if not re.fullmatch(r"[A-Za-z0-9._-]*", text):
        raise ValueError(text)
    return text


PROPERTIES: Final = (
    Property(
        "workflow.runner",
        "runner",
        *_one_of("sqlite", "kafka", "postgres", "memory"),
        "Where threads live. Without it: kafka if `bootstrap.servers` is set, else sqlite. "
        "postgres comes with a later version.",
    ),
    Property(
        "workflow.db",
        "db",
        _nonempty,
        "a file name, or a URL",
        "The database: a file for sqlite (default `kwf.db` in the current folder), a URL for "
        "postgres.",
    ),
    Property(
        "workflow.store.in-memory",
        "store_in_memory",
        _boolean,
        "true or false",
        "Kafka: keep the local stores in memory (default false); they are restored from the "
        "changelog at every start.",
    ),
    Property(
        "workflow.store.dir",
        "store_dir",
        _nonempty,
        "a folder name",
        "Kafka: the folder of the local stores (default `.kwf` in the current folder).",
    ),
    Property(
        "workflow.unmatched",
        "unmatched",
        *_one_of("ignore", "buffer", "dead-letter"),
        "What happens to a record that no thread waits for (default ignore: it is counted, and "
        "logged now and then).",
    ),
    Property(
        "workflow.new.existing",
        "new_existing",
        *_one_of("reject", "ignore", "replace"),
        "What happens to a `new:` record for a thread that lives (default reject: to the dead "
        "letters).",
    ),
    Property(
        "workflow.topic.prefix",
        "topic_prefix",
        _topic_part,
        "letters, digits, '.', '_' and '-'",
        "Put before the names of the engine's own topics, such as `workflow-resume` (default: "
        "nothing).",
    ),
)

_BY_NAME: Final = {item.name: item for item in PROPERTIES}

_ORIGINAL_ONLY: Final = {
    "workflow.scheduler.tick-ms": "timers fire when they are due, without a tick",
}


def load_settings(path: Path | str | None = None) -> Settings:
    """Read a properties file; without one, the file that `KWF_PROPS` names; else the defaults.

    Raises:
        ConfigError: The file cannot be read, a property is unknown, or a value is wrong.
    """
    if path is None:
        path = os.environ.get(ENVIRONMENT_FILE) or None
    if path is None:
        return Settings()
    path = Path(path)
    return _settings(_read_entries(path), path)


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    value: str
    line: int


def _read_entries(path: Path) -> list[_Entry]:
    """Return the properties in the order of the file; the last one of a name counts."""
    import javaproperties

    text = _read_text(path)
    entries: dict[str, _Entry] = {}
    line = 1
    try:
        for element in javaproperties.parse(text):
            if isinstance(element, javaproperties.KeyValue):
                # Java keeps trailing blanks; none of our values, nor of librdkafka's, wants them.
                entries[element.key] = _Entry(element.key, element.value.strip(), line)
            line += element.source.count("\n")
    except javaproperties.InvalidUEscapeError as error:
        raise ConfigError(f"{path}:{line}: {error}") from error
    return list(entries.values())


def _read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or in Latin-1: what Java writes, and what it reads."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the properties file {path}: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise ConfigError(f"cannot read the properties file {path}: it is not UTF-8 nor Latin-1")
    return text


def _settings(entries: list[_Entry], path: Path) -> Settings:
    ours: dict[str, Any] = {}
    kafka: dict[str, str] = {}
    notes: list[str] = []
    for entry in entries:
        key, value, place = entry.key, entry.value, f"{path}:{entry.line}"
        if key.startswith(PREFIX):
            if key in _ORIGINAL_ONLY:
                notes.append(f"{place}: {key} is left out: {_ORIGINAL_ONLY[key]}")
            else:
                name, parsed = _parse_ours(entry, place)
                ours[name] = parsed
        elif key == "application.id":
            ours["application_id"] = _parse_application_id(value, place)
        elif (reason := reason_to_leave_out(key, value)) is not None:
            notes.append(f"{place}: {key} is left out: {reason}")
        else:
            kafka[key] = value
    if kafka.get("bootstrap.servers") == "":
        raise ConfigError(f"{path}: bootstrap.servers is empty: name a broker, or leave it out")
    if "runner" not in ours and "bootstrap.servers" in kafka:
        ours["runner"] = "kafka"
    if ours.get("runner") == "kafka" and "bootstrap.servers" not in kafka:
        raise ConfigError(
            f"{path}: workflow.runner=kafka needs bootstrap.servers, such as localhost:9092"
        )
    if ours.get("runner") == "postgres" and "db" not in ours:
        raise ConfigError(f"{path}: workflow.runner=postgres needs workflow.db, its URL")
    return Settings(kafka=kafka, source=path, notes=tuple(notes), **ours)


def _parse_ours(entry: _Entry, place: str) -> tuple[str, object]:
    item = _BY_NAME.get(entry.key)
    if item is None:
        # Without the prefix, which all names share: it would make everything look alike.
        names = {name.removeprefix(PREFIX): name for name in _BY_NAME}
        close = difflib.get_close_matches(entry.key.removeprefix(PREFIX), names, n=1, cutoff=0.5)
        known = ", ".join(_BY_NAME)
        advice = f"did you mean {names[close[0]]}?" if close else f"known are {known}"
        raise ConfigError(f"{place}: unknown property {entry.key}: {advice}")
    try:
        return item.field, item.parse(entry.value)
    except ValueError:
        raise ConfigError(
            f"{place}: {entry.key}={mask(entry.key, entry.value)} is not allowed: "
            f"it is {item.allowed}"
        ) from None


def _parse_application_id(value: str, place: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ConfigError(
            f"{place}: application.id={value} is not allowed: it is letters, digits, '.', '_' "
            "and '-', for topics are named after it"
        )
    return value
