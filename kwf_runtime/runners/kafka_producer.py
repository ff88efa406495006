"""The transactional producer of a worker, and what its errors mean for the worker.

librdkafka tells apart: retriable (call again), abortable (abort, do the work again), fatal. It does
not know KIP-890: a commit or an abort whose end is not known may still come true, even inside a
later transaction of the same producer. So whatever is neither committed nor cleanly aborted is
`ProducerLostError`: the producer is destroyed, and `init_transactions` of the next one, under the
same transactional id, settles what is open before anything else is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from confluent_kafka import KafkaError, KafkaException, Producer

from kwf_runtime.runners.kafka_config import LOG, connect, engine_producer

if TYPE_CHECKING:
    from confluent_kafka import Message, TopicPartition

    from kwf_runtime.runners.records import Headers
    from kwf_runtime.settings import Settings

_T = TypeVar("_T")

_RETRY_FOR_S: Final = 10.0
_RETRY_S: Final = 0.05
_INIT_TIMEOUT_S: Final = 30.0
_GRACE_S: Final = 2.0
_FULL_QUEUE_WAIT_S: Final = 0.05


class TransactionAbortedError(Exception):
    """The transaction was aborted, completely: nothing of it will ever be seen."""


class ProducerLostError(Exception):
    """How the transaction ended is not known, or the producer cannot go on."""


class TransactionalProducer:
    """One transaction at a time; not for several OS threads."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        """Connect; whatever an earlier producer of that id left open is aborted or finished.

        Raises:
            ProducerLostError: The broker did not answer, or refused.
        """
        config = engine_producer(settings, transactional_id)
        self._producer = connect(settings, Producer, config)
        # Given to each call: without it some wait for ever once a broker was restarted.
        self._timeout_s = int(config["transaction.timeout.ms"]) / 1000 + _GRACE_S
        self._open = False
        try:
            _retry(lambda: self._producer.init_transactions(_INIT_TIMEOUT_S))
        except KafkaException as error:
            raise ProducerLostError(f"no transactions as {transactional_id}: {error}") from error

    def begin(self) -> None:
        """Begin a transaction.

        Raises:
            ProducerLostError: The producer is of no more use.
        """
        try:
            self._producer.begin_transaction()
        except KafkaException as error:
            raise ProducerLostError(f"cannot begin a transaction: {error}") from error
        self._open = True

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        *,
        partition: int = -1,
        timestamp_ms: int = 0,
        on_delivery: Callable[[KafkaError | None, Message], None] | None = None,
    ) -> None:
        """Add a record to the transaction; partition -1 is chosen by the key.

        Raises:
            TransactionAbortedError: The record cannot be written; the transaction was aborted.
            ProducerLostError: The producer is of no more use.
        """
        options: dict[str, Any] = {}
        if headers:
            options["headers"] = list(headers)
        if timestamp_ms > 0:
            options["timestamp"] = timestamp_ms
        if on_delivery is not None:
            options["on_delivery"] = on_delivery
        while True:
            try:
                self._producer.produce(topic, value, key, partition, **options)
            except BufferError:
                self.serve(_FULL_QUEUE_WAIT_S)
                continue
            except KafkaException as error:
                self._fail(f"cannot write to {topic}", error)
            return

    def serve(self, timeout_s: float = 0) -> None:
        """Let librdkafka deliver its callbacks; cheap.

        Raises:
            ProducerLostError: The producer is of no more use.
        """
        try:
            self._producer.poll(timeout_s)
        except KafkaException as error:
            raise ProducerLostError(str(error.args[0])) from error

    def commit(self, offsets: list[TopicPartition], group: Any) -> None:
        """Commit the transaction with those offsets of the group.

        Args:
            offsets: Next offsets of the input; none for a step that no record has caused.
            group: The group's metadata, taken with the records: newer one would not fence us.

        Raises:
            TransactionAbortedError: Nothing was committed; the transaction was aborted.
            ProducerLostError: It may have been committed, or not.
        """
        try:
            if offsets:
                _retry(
                    lambda: self._producer.send_offsets_to_transaction(
                        offsets, group, self._timeout_s
                    )
                )
            _retry(lambda: self._producer.commit_transaction(self._timeout_s))
        except KafkaException as error:
            self._fail("cannot commit", error)
        self._open = False

    def abort(self) -> None:
        """Abort the transaction, if one is open.

        Raises:
            ProducerLostError: The producer is of no more use.
        """
        if not self._open:
            return
        try:
            _retry(lambda: self._producer.abort_transaction(self._timeout_s))
        except KafkaException as error:
            raise ProducerLostError(f"cannot abort a transaction: {error}") from error
        self._open = False

    def destroy(self) -> None:
        """Throw away what was not sent, and the producer."""
        try:
            self._producer.purge()
            self._producer.poll(0)
        except KafkaException as error:
            LOG.debug("while a producer was destroyed: %s", error.args[0])
        self._producer = None

    def _fail(self, doing: str, error: KafkaException) -> NoReturn:
        reason: KafkaError = error.args[0]
        if reason.fatal() or not reason.txn_requires_abort():
            raise ProducerLostError(f"{doing}: {reason}") from error
        LOG.debug("aborting: %s: %s", doing, reason)
        self.abort()
        raise TransactionAbortedError(f"{doing}: {reason}") from error


def _retry(call: Callable[[], _T]) -> _T:
    """Call again while librdkafka says that it is worth it, for about a transaction's time."""
    end_s = time.monotonic() + _RETRY_FOR_S
    while True:
        try:
            return call()
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            LOG.debug("a transaction's call failed: %s", reason)
            # After a time-out nobody knows what the broker did.
            final = not reason.retriable() or reason.code() == KafkaError._TIMED_OUT
            if final or time.monotonic() > end_s:
                raise
            time.sleep(_RETRY_S)
