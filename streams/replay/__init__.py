"""Facts and events of a range of receive times, derived again beside the live path.

Reads without groups and writes to topics of its own alone: live offsets and topics stay as they
are.
"""

from streams.replay.plan import Range, Wanted
from streams.replay.report import Report
from streams.replay.run import Replay

__all__ = ["Range", "Replay", "Report", "Wanted"]
