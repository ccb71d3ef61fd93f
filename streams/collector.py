"""The garbage collector of a process that serves: what is there after the start stays.

Batches make many objects that live until their acknowledgement, and hardly any cycles. With the
defaults every 700 of them are walked, again and again, together with all modules and accounts.
"""

import gc
from typing import Final

YOUNG_OBJECTS_MAX: Final = 50_000
YOUNG_ROUNDS_MAX: Final = 20
MIDDLE_ROUNDS_MAX: Final = 100


def tend_garbage() -> None:
    """Collect once, take what is left out of all further walks, and walk less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, YOUNG_ROUNDS_MAX, MIDDLE_ROUNDS_MAX)
