"""Channels: durable queues that every record with their name as its ref feeds.

A record goes to the getter that has waited longest, else it is kept. A getter that is cancelled
after it was given a record, but before that reached workflow code, gives it back: no record is
lost.

Limits: no bound, no ``task_done``; only records put something in.
"""

from __future__ import annotations

from asyncio.exceptions import CancelledError
from asyncio.queues import QueueEmpty
from collections import deque
from typing import TYPE_CHECKING, Any

from kwf_runtime.core.events import NO_ERROR
from kwf_runtime.core.futures import CANCELLED, FINISHED, PENDING, Future
from kwf_runtime.core.savable import savable
from kwf_runtime.core.traps import Trap
from kwf_runtime.errors import WorkflowError

if TYPE_CHECKING:
    from kwf_runtime.core.loop import ThreadLoop


@savable("kwf.Item")
class Item:
    """A record's value, or its error."""

    __slots__ = ("failed", "payload")

    def __init__(self, payload: Any, failed: bool) -> None:
        self.payload = payload
        self.failed = failed


@savable("kwf.Getter")
class Getter(Future[Any]):
    """One await of a channel.

    Attributes:
        channel: the channel.
        item: what it was given, until workflow code has seen it.
    """

    __slots__ = ("channel", "item")

    def __init__(self, channel: Channel) -> None:
        super().__init__(loop=channel.loop)
        self.channel = channel
        self.item: Item | None = None

    def _save_more(self) -> tuple[Any, ...]:
        return (self.channel, self.item)

    def _load_more(self, more: list[Any]) -> None:
        self.channel, self.item = more

    def give(self, item: Item) -> None:
        """End with the item."""
        self.item = item
        if item.failed:
            self.set_exception(WorkflowError(item.payload))
        else:
            self.set_result(item.payload)

    def cancel(self, msg: Any = None, *, kind: type[CancelledError] = CancelledError) -> bool:
        """Wait no longer; give back what nobody has seen."""
        if self._state == FINISHED and self.item is not None:
            self._retrieve()
            item, self.item = self.item, None
            self._result = self._exception = None
            # Its callbacks are scheduled already: they will find it cancelled.
            self._state = CANCELLED
            self._cancel_message, self._cancel_kind = msg, kind
            self.channel.put_back(item)
            return True
        if self._state == PENDING:
            self.channel.getters.remove(self)
        return super().cancel(msg, kind=kind)

    def exception(self) -> BaseException | None:
        """Return the exception of an error record; see ``Future.exception``."""
        self.item = None
        return super().exception()

    def _failure(self, pending: str = "Result is not set.") -> BaseException | None:
        self.item = None
        return super()._failure(pending)


@savable("kwf.ChannelGet")
class ChannelGet(Trap):
    """What ``Channel.get()`` returns: each await of it takes one record."""

    __slots__ = ("channel",)

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def __repr__(self) -> str:
        return f"<get from {self.channel!r}>"

    def __kwf_await__(self) -> Future[Any]:
        """Return the future of the next record."""
        return self.channel.take()


@savable("kwf.Channel")
class Channel:
    """A queue of records; see ``asyncio.Queue``.

    Attributes:
        name: the ``ref`` of the records that feed it.
        loop: the loop of its thread.
        items: the records that nobody has taken.
        getters: the awaits that have not ended.
    """

    __slots__ = ("getters", "items", "loop", "name")

    def __init__(self, name: str, loop: ThreadLoop) -> None:
        self.name = name
        self.loop = loop
        self.items: deque[Item] = deque()
        self.getters: deque[Getter] = deque()

    def __repr__(self) -> str:
        return f"<Channel {self.name!r} size={len(self.items)}>"

    def __aiter__(self) -> Channel:
        return self

    def __anext__(self) -> ChannelGet:
        return ChannelGet(self)

    def get(self) -> ChannelGet:
        """Return an awaitable: the next record's value; its error is raised as a WorkflowError."""
        return ChannelGet(self)

    def get_nowait(self) -> Any:
        """Return the next record's value.

        Raises:
            asyncio.QueueEmpty: there is none.
            WorkflowError: it is an error record.
        """
        if not self.items:
            raise QueueEmpty
        item = self.items.popleft()
        if item.failed:
            raise WorkflowError(item.payload)
        return item.payload

    def qsize(self) -> int:
        """Return how many records are there."""
        return len(self.items)

    def empty(self) -> bool:
        """Return whether no record is there."""
        return not self.items

    def put(self, value: object, error: object = NO_ERROR) -> None:
        """Take a record (what the engine calls)."""
        failed = error is not NO_ERROR
        self.items.append(Item(error if failed else value, failed))
        self._distribute()

    def put_back(self, item: Item) -> None:
        """Take back an item that its getter has not shown to anybody."""
        self.items.appendleft(item)
        self._distribute()

    def take(self) -> Getter:
        """Return the future of the next record; it is done if there is one."""
        getter = Getter(self)
        self.getters.append(getter)
        self._distribute()
        return getter

    def _distribute(self) -> None:
        while self.items and self.getters:
            self.getters.popleft().give(self.items.popleft())
