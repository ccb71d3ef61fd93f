"""Token buckets by key, in bounded memory."""

from collections import OrderedDict
from collections.abc import Hashable


class Buckets:
    """Every key has `burst` tokens at first and gains `per_s`; time is any monotone seconds.

    A bucket that has been left alone long enough to be full is the same as none, so forgetting
    it is exact. Beyond `keys_max` the one that was left alone longest is forgotten early: an
    attacker with that many networks gains a burst, and never takes our memory.
    """

    def __init__(self, *, per_s: float, burst: float, keys_max: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._keys_max = keys_max
        # Tokens and the moment they were counted, the key used last at the end.
        self._state: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._state)

    def take(self, key: Hashable, now_s: float) -> bool:
        """Take one token; return whether there was one."""
        state = self._state
        found = state.get(key)
        if found is None:
            tokens = self._burst
            if len(state) >= self._keys_max:
                state.popitem(last=False)
        else:
            tokens = min(self._burst, found[0] + (now_s - found[1]) * self._per_s)
            state.move_to_end(key)
        if tokens < 1.0:
            state[key] = (tokens, now_s)
            return False
        state[key] = (tokens - 1.0, now_s)
        return True

    def forget_full(self, now_s: float) -> None:
        """Drop the buckets that are full again."""
        idle_s = self._burst / self._per_s
        while self._state:
            key, (_, counted_s) = next(iter(self._state.items()))
            if now_s - counted_s < idle_s:
                return
            del self._state[key]
