"""Kafka as the log: the only place that names its client library.

The library has no types; `client` is the typed way to it, the other modules hold what each call
of `streams.log` promises.
"""

from streams.kafka.log import KafkaLog

__all__ = ["KafkaLog"]
