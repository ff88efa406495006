"""The loaded workflows, and what each of them declares.

A module declares by ``W.config`` while it is imported, or by a dict ``manifest``, which wins.

Limits: nothing is imported here; ``kwf_runtime.loader`` does that.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from kwf_runtime.errors import ConfigError, UnknownWorkflowError

CONFIG_NAME: Final = "__kwf_config__"
"""Where a module's namespace holds what its ``W.config`` has set."""
FREE_TOPICS: Final = frozenset({"workflow-resume", "workflow-scheduler"})
"""Topics of kwf itself that need no declaration."""


@dataclass(slots=True)
class WorkflowConfig:
    """What a workflow module declares.

    Attributes:
        output_topics: topics that its workflows may output to.
        result_topic: where results go; None for the runner's setting.
        error_topic: where errors go; None for the runner's setting.
        channels: names whose records are kept even before ``W.channel(name)``.
    """

    output_topics: set[str] = field(default_factory=set)
    result_topic: str | None = None
    error_topic: str | None = None
    channels: set[str] = field(default_factory=set)

    def allows(self, topic: str) -> bool:
        """Return whether a workflow may output to the topic."""
        return topic in self.output_topics or topic in FREE_TOPICS


def config_in(namespace: Mapping[str, Any]) -> WorkflowConfig:
    """Return what a module declares, given its namespace.

    Raises:
        ConfigError: its ``manifest`` is not what it should be.
    """
    declared = namespace.get(CONFIG_NAME)
    config = WorkflowConfig()
    if isinstance(declared, WorkflowConfig):
        config = WorkflowConfig(
            set(declared.output_topics),
            declared.result_topic,
            declared.error_topic,
            set(declared.channels),
        )
    manifest = namespace.get("manifest")
    if manifest is not None:
        place = namespace.get("__file__") or namespace.get("__name__") or "the module"
        _apply_manifest(config, manifest, f"{place}: manifest")
    return config


def _apply_manifest(config: WorkflowConfig, manifest: object, place: str) -> None:
    if not isinstance(manifest, Mapping):
        raise ConfigError(f"{place} must be a dict, not {type(manifest).__name__}")
    for name, value in manifest.items():
        if name in ("output_topics", "channels"):
            setattr(config, name, _names(value, f"{place}[{name!r}]"))
        elif name in ("result_topic", "error_topic"):
            if value is not None and not isinstance(value, str):
                raise ConfigError(f"{place}[{name!r}] must be the name of a topic, not {value!r}")
            setattr(config, name, value)
        else:
            known = list(WorkflowConfig.__slots__)
            close = difflib.get_close_matches(str(name), known, 1) or known
            raise ConfigError(f"{place}: unknown entry {name!r}: did you mean {close[0]!r}?")


def _names(value: object, place: str) -> set[str]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ConfigError(f"{place} must be a list of names, not {value!r}")
    names = set(value)
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{place} must be a list of names, not {value!r}")
    return names


class Workflow:
    """An entry function, under its name.

    Attributes:
        name: what ``new@NAME:`` starts.
        function: the async function.
        module: the module that defines it.
        config: what that declares.
    """

    __slots__ = ("_takes_argument", "config", "function", "module", "name")

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        module: ModuleType | None = None,
        config: WorkflowConfig | None = None,
    ) -> None:
        self.name = name
        self.function = function
        self.module = module
        if config is None:
            config = config_in(vars(module)) if module is not None else WorkflowConfig()
        self.config = config
        self._takes_argument = _takes_argument(function)

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r}>"

    def call(self, argument: object) -> Any:
        """Call the function: without the argument if it takes none.

        One that needs more than one argument, or named ones, raises its own TypeError.
        """
        return self.function(argument) if self._takes_argument else self.function()


def _takes_argument(function: Callable[..., Any]) -> bool:
    """Whether the function can be called with one positional argument, or cannot be without."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(None)
    except TypeError:
        return bool(signature.parameters)
    return True


@dataclass(frozen=True, slots=True)
class Program:
    """The loaded workflows.

    Attributes:
        workflows: by name.
        default: name of the one that a plain ``new:`` starts.
    """

    workflows: Mapping[str, Workflow]
    default: str = ""

    def find(self, name: str) -> Workflow:
        """Return a workflow by its name; the default one for an empty name.

        Raises:
            UnknownWorkflowError: it is not loaded.
        """
        workflow = self.workflows.get(name or self.default)
        if workflow is None:
            raise UnknownWorkflowError(name or self.default, tuple(sorted(self.workflows)))
        return workflow
