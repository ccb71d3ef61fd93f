"""Computop cases. Run: ``python -m tests.vectors.generators.computop``"""

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")


def said(status: str = "OK", **more: str) -> dict[str, str]:
    return {"mid": "M", "PayID": "p-1", "XID": "x-1", "TransID": "M-1", "Status": status,
            "Code": "00000000", "Description": "success"} | more  # fmt: skip


def main() -> None:
    keys = (secret("blowfish pass", use="decrypt"), secret("hmac pass"))
    cases = Signed("computop", 1_714_557_600_000, *keys, merchant_id="M", capture="auto")
    good, failed = said(), fact("PaymentFailed", "p-1", "M-1")
    lost = said("FAILED", Code="22060200")
    cases.rows((
        ("ok-asks", "No amount is told.", good, accepted()),
        ("authorized-asks", "Captured at once.", said("AUTHORIZED"), accepted()),
        ("requested-row", "Nothing yet.", said("AUTHORIZE_REQUEST"), accepted()),
        ("pending-row", "Nothing yet.", said("PENDING"), accepted()),
        ("failed-row", "All that it tells is proven.", lost, accepted(failed)),
        ("failed-without-an-order", "It names its payment.", lost | {"TransID": ""},
         accepted(failed | {"merchant_order_id": None})),
        ("status-unknown", "Parked.", said("TELEPORTED"), UNKNOWN),
        ("status-in-small-letters", "Another word.", said("ok"), UNKNOWN),
        ("names-in-capitals", "Read without letter case.",
         {name.upper(): value for name, value in lost.items()}, accepted(failed)),
        ("name-twice-in-other-letters", "Which counts?", lost | {"PAYID": "p-2"},
         refused("malformed")),
        ("separator-in-a-value", "It could be read in two ways.", lost | {"TransID": "M*1"},
         refused("malformed")),
        ("payment-absent", "What failed?", lost | {"PayID": ""}, refused("malformed")),
        ("merchant-of-another", "Signed with our key.", said(mid="N"), refused("wrong_account")),
        ("merchant-absent", "Who is meant?", said(mid=""), refused("wrong_account")),
    ))  # fmt: skip
    cases("authorized-by-hand-asks", "Captured later.", said("AUTHORIZED"), accepted(),
          settings={"capture": "manual"})  # fmt: skip
    for name, length, reason in (("beyond-the-data", b"Len=99999", "undecryptable"),
                                 ("in-words", b"Len=many", "malformed"),
                                 ("absent", b"Lem=98", "malformed")):  # fmt: skip
        cases(
            f"length-{name}",
            "Len cuts off the padding.",
            good,
            refused(reason),
            sent=lambda body, length=length: length + b"&" + body.partition(b"&")[2],
        )
    cases("length-shorter", "The MAC is cut.", good, refused("bad_signature"),
          sent=lambda body: b"Len=90&" + body.partition(b"&")[2])  # fmt: skip
    cases("data-in-part-of-a-block", "No whole blocks.", good, refused("undecryptable"),
          sent=lambda body: body[:-4])  # fmt: skip
    cases("data-absent", "Nothing to open.", good, refused("undecryptable"),
          sent=lambda body: body.replace(b"Data", b"Date"))  # fmt: skip
    cases("hex-in-small-letters", "Digits of either letter case.", lost, accepted(failed),
          sent=lambda body: body.partition(b"&Data=")[0] + b"&Data="
          + body.partition(b"&Data=")[2].lower())  # fmt: skip
    cases("length-of-none", "Nothing is left.", good, refused("bad_signature"),
          sent=lambda body: b"Len=0&" + body.partition(b"&")[2])  # fmt: skip
    cases("other-password", "Noise.", good, refused("undecryptable"),
          keys=lambda keys: [k | {"text": "another"} if k["use"] == "decrypt" else k
                             for k in keys])  # fmt: skip
    cases("second-password", "Each is tried.", lost, accepted(failed),
          keys=lambda keys: [secret("another", "0", "decrypt"), *keys])  # fmt: skip
    cases("length-twice", "Which counts?", good, refused("malformed"),
          sent=swapped(b"&Data", b"&Len=1&Data"))  # fmt: skip
    cases.refusals(lost, failed)
    cases.write()


if __name__ == "__main__":
    main()
