"""Run seeds by hand.

python -m tests.simulation SEED...             run these, and say what each found
python -m tests.simulation --count N [FROM]    run N seeds from a number on, and sum up
"""

import sys
import time
from collections import Counter

from tests.simulation.seeds import simulate


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--count"]:
        first = int(arguments[2]) if len(arguments) > 2 else 0
        seeds = [str(first + number) for number in range(int(arguments[1]))]
    else:
        seeds = arguments
    began_s, bad = time.monotonic(), 0
    happened: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for seed in seeds:
        result = simulate(seed)
        happened.update(result.happened)
        counts.update(result.verdict.counts)
        if result.verdict.broken:
            bad += 1
            print(f"seed {seed}: {dict(result.verdict.broken)}")
            print("\n".join(f"  {each}" for each in result.verdict.examples))
            print(f"  again: {result.command}")
    took_s = time.monotonic() - began_s
    print(f"{len(seeds)} seeds in {took_s:.1f} s, {bad} with findings")
    print(f"befell: {dict(happened)}")
    print(f"looked at: {dict(counts)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
