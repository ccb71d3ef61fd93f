"""One bit of what was received, or of what it is judged by, is another."""

from collections.abc import Iterator
from typing import Any

from processors.vectors import BadCase
from tests.support.cases import Case, Trial, assert_no_more, trial

BODY_FLIPS_MAX = 1_500
KEY_FLIPS_MAX = 200


def flip_everything(name: str, case: Case) -> None:
    """Assert that no flipped bit of body, headers or keys announces anything else."""
    whole = trial(name, case)
    before = whole.said()
    assert before.facts
    for what, each in (*body_flips(whole), *header_flips(whole), *key_flips(name, case)):
        assert_no_more(before, each.said(), what)


def body_flips(whole: Trial) -> Iterator[tuple[str, Trial]]:
    # One bit of every byte, each time another one; of long bodies a regular sample.
    body = whole.body
    for place in range(0, len(body), 1 + len(body) // BODY_FLIPS_MAX):
        flipped = bytearray(body)
        flipped[place] ^= 1 << (place % 8)
        yield f"bit {place % 8} of body byte {place}", whole.with_body(bytes(flipped))


def header_flips(whole: Trial) -> Iterator[tuple[str, Trial]]:
    headers = whole.callback.headers
    for number, (header, value) in enumerate(headers):
        for place in range(len(value)):
            for bit in range(8):
                flipped = value[:place] + chr(ord(value[place]) ^ 1 << bit) + value[place + 1 :]
                changed = (*headers[:number], (header, flipped), *headers[number + 1 :])
                yield f"bit {bit} of {header} byte {place}", whole.with_headers(changed)


def key_flips(name: str, case: Case) -> Iterator[tuple[str, Trial]]:
    for number, key in enumerate(case["account"]["keys"]):
        member = "text" if "text" in key else "pem"
        text: str = key[member]
        for place in range(0, len(text), 1 + len(text) // KEY_FLIPS_MAX):
            flipped = text[:place] + chr(ord(text[place]) ^ 1 << (place % 7)) + text[place + 1 :]
            keys: list[Any] = list(case["account"]["keys"])
            keys[number] = key | {member: flipped}
            try:
                each = trial(name, case | {"account": case["account"] | {"keys": keys}})
            except BadCase:
                continue  # It does not even load.
            yield f"bit {place % 7} of key {number} character {place}", each
