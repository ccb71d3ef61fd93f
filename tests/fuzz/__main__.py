"""`python -m tests.fuzz`: fuzz all providers for a bounded time.

It fails at the first fault and prints it as tests/fuzz/findings.json keeps it. The corpus stays in
a folder, so that another run goes on where this one ended.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["processors", "schemas"]):
    from tests.fuzz.target import Attempt, seeds
from tests.fuzz.mutating import mutated

FOLDER = Path(__file__).parents[2] / ".cache/fuzz"
PAYLOAD_BYTES_MAX = 16_384
SECONDS_MAX_EACH = 10


def fuzz_one(octets: bytes) -> None:
    attempt = Attempt.of(octets)
    try:
        attempt.run()
    except BaseException:
        print(json.dumps(attempt.told()), file=sys.stderr, flush=True)
        raise


def mutator(octets: bytes, most: int, seed: int) -> bytes:
    return mutated(octets, most, seed, atheris.Mutate)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long altogether")
    parser.add_argument("--corpus", type=Path, default=FOLDER, help="the folder that stays")
    wanted = parser.parse_args()
    wanted.corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tillstream-fuzz-") as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / f"{number:05}").write_bytes(seed.octets)
        options = [
            f"-max_total_time={wanted.seconds}",
            f"-max_len={PAYLOAD_BYTES_MAX}",
            f"-timeout={SECONDS_MAX_EACH}",
            f"-artifact_prefix={wanted.corpus.parent}/",
            "-print_final_stats=1",
        ]
        atheris.Setup(
            [sys.argv[0], *options, str(wanted.corpus), folder], fuzz_one, custom_mutator=mutator
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
