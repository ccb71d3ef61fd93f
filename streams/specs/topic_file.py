"""deploy/topics.yaml: what `topics apply` creates, for those who create topics by other means."""

from typing import Any

from schemas.topics import topics
from streams.specs.asyncapi import REPLICAS


def topic_file() -> dict[str, Any]:
    """Return the six topics of the standard prefix with Kafka's own setting names."""
    return {
        "topics": [
            {
                "name": topic.name,
                "partitions": topic.partitions,
                "replicas": REPLICAS,
                "config": {**topic.config(), "min.insync.replicas": str(REPLICAS - 1)},
                "purpose": topic.purpose,
                "key": topic.key,
                "written_by": topic.written_by,
            }
            for topic in topics().all()
        ]
    }
