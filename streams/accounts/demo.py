"""Accounts for trying out: fresh keys, whose private parts go to the simulator alone.

Every run makes other keys: a demo key that everybody knows would be a way in wherever such an
account is left behind.
"""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from streams.accounts.demo_key import DemoAccount, DemoKey
from streams.accounts.demo_pki import Authority, Issued, fresh_key, private_pem, public_pem

NAMES: Final = ("shop-1", "shop-2")
MODE: Final = "live"
SIMULATOR: Final = ".simulator"
UNIONPAY_NAME: Final = "041@8310000000083040@中国银联股份有限公司@00016493"


def demo_accounts(provider: str) -> tuple[DemoAccount, ...]:
    """Return the demo accounts of a provider, with keys made now; of a founding one two.

    Raises:
        KeyError: a provider without demo accounts.
    """
    if provider in _MAKERS:
        return tuple(_MAKERS[provider](name, number) for number, name in enumerate(NAMES, start=1))
    # Loaded when they are asked for: the plain demo must not wait for them.
    from streams.accounts.demo_forms import account_of_form
    from streams.simulate import SIMULATED

    form = SIMULATED[provider].form
    if form is None:
        raise KeyError(provider)
    return (account_of_form(provider, NAMES[0], form),)


def demo_providers() -> tuple[str, ...]:
    """Return the founding providers: those of the plain demo."""
    return tuple(_MAKERS)


def every_demo_provider() -> tuple[str, ...]:
    """Return all that the simulator knows, the founding ones first."""
    from streams.simulate import SIMULATED

    return tuple(dict.fromkeys((*_MAKERS, *SIMULATED)))


def write_demo_account(folder: Path, account: DemoAccount) -> bool:
    """Write an account and its simulator part; an account that exists is left as it is.

    Returns whether it was written.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / account.provider / f"{account.name}.toml"
    if path.exists():
        return False
    # The simulator first: an account in force whose keys nobody has would never hear anything.
    (folder / SIMULATOR).mkdir(mode=0o700, parents=True, exist_ok=True)
    private = folder / SIMULATOR / account.provider / f"{account.name}.json"
    write_private(private, json.dumps(_simulator_part(account), indent=1, ensure_ascii=False))
    write_private(path, _account_text(account))
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; it appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text if text.endswith("\n") else text + "\n")
    draft.replace(path)


def _simulator_part(account: DemoAccount) -> dict[str, Any]:
    return {
        "provider": account.provider,
        "account": account.name,
        "settings": dict(account.settings),
        "keys": [
            {"kid": key.kid, "use": key.use, "kind": key.kind, **key.private}
            for key in (*account.keys, *account.simulator_keys)
            if key.private is not None
        ],
    }


def _account_text(account: DemoAccount) -> str:
    lines = [
        "# Made by tillstream accounts init --demo, for trying out: the simulator has the keys.",
        f"provider = {_quoted(account.provider)}",
        f"mode = {_quoted(MODE)}",
        "",
        "[settings]",
        *(f"{name} = {_quoted(value)}" for name, value in account.settings.items()),
    ]
    for key in account.keys:
        material = (
            f"text = {_quoted(key.material)}"
            if not key.material.startswith("-----BEGIN")
            else f"pem = '''\n{key.material}'''"
        )
        lines += [
            "",
            "[[keys]]",
            f"kid = {_quoted(key.kid)}",
            f"use = {_quoted(key.use)}",
            f"kind = {_quoted(key.kind)}",
            material,
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # A JSON string is a basic string of TOML.
    return json.dumps(text, ensure_ascii=False)


def _secret(kid: str, use: str, text: str) -> DemoKey:
    return DemoKey(kid, use, "secret", text, {"secret_text": text})


def _root(kid: str, issued: Issued) -> DemoKey:
    return DemoKey(kid, "root", "certificate", issued.pem, None)


def _certificate(kid: str, issued: Issued) -> DemoKey:
    private = {"private_pem": private_pem(issued.key), "certificate_pem": issued.pem}
    return DemoKey(kid, "verify", "certificate", issued.pem, private)


def _text_32() -> str:
    return secrets.token_hex(16)


def _adyen(name: str, number: int) -> DemoAccount:
    settings = {
        "webhook_type": "standard",
        "merchant_account_code": f"DemoShop{number}",
        "capture_delay": "immediate",
    }
    key = _secret("1", "verify", secrets.token_hex(32).upper())
    return DemoAccount("adyen", name, settings, (key,))


def _alipay(name: str, number: int) -> DemoAccount:
    settings = {
        "app_id": f"202100000000000{number}",
        "seller_id": f"208800000000000{number}",
        "sign_type": "RSA2",
    }
    key = fresh_key()
    private = {"private_pem": private_pem(key)}
    verify = DemoKey("1", "verify", "public-key", public_pem(key), private)
    return DemoAccount("alipay", name, settings, (verify,))


def _paypal(name: str, number: int) -> DemoAccount:
    root = Authority.root("Tillstream Demo Root for PayPal")
    leaf = root.leaf(
        "messageverificationcerts.paypal.com", host="messageverificationcerts.paypal.com"
    )
    url = f"https://api.paypal.com/v1/notifications/certs/CERT-demo-{secrets.token_hex(8)}"
    keys = (_certificate(url, leaf), _root("root", root.issued))
    return DemoAccount("paypal", name, {"webhook_id": f"1DEMO{number}0000000000{number}W"}, keys)


def _stripe(name: str, number: int) -> DemoAccount:
    key = _secret("1", "verify", f"whsec_{secrets.token_hex(16)}")
    return DemoAccount("stripe", name, {"order_id_metadata_key": "order_id"}, (key,))


def _unionpay(name: str, number: int) -> DemoAccount:
    settings = {"mer_id": f"77729005811004{number}", "sign_method": "01", "version": "5.1.0"}
    root = Authority.root("Tillstream Demo Root for UnionPay")
    middle = root.authority("Tillstream Demo Intermediate for UnionPay")
    leaf = middle.leaf(UNIONPAY_NAME, host=None)
    keys = (_root("root", root.issued), _root("middle", middle.issued))
    # The leaf comes with each message; the account trusts its issuers and UnionPay's name.
    signing = _certificate(str(leaf.certificate.serial_number), leaf)
    return DemoAccount("unionpay", name, settings, keys, (signing,))


def _wechatpay_v2(name: str, number: int) -> DemoAccount:
    settings = {
        "mch_id": f"190000020{number}",
        "appid": f"wx2421b1c4370ec43{number}",
        "sign_type": "HMAC-SHA256",
    }
    text = _text_32()
    return DemoAccount(
        "wechatpay-v2",
        name,
        settings,
        (_secret("1", "verify", text), _secret("1", "decrypt", text)),
    )


def _wechatpay_v3(name: str, number: int) -> DemoAccount:
    settings = {"mchid": f"190000010{number}", "appid": f"wxd678efh567hg678{number}"}
    platform = Authority.root("Tillstream Demo Root for WeChat Pay").leaf(
        "Tenpay.com sign", host=None
    )
    kid = f"{platform.certificate.serial_number:X}"
    keys = (_certificate(kid, platform), _secret("1", "decrypt", _text_32()))
    return DemoAccount("wechatpay-v3", name, settings, keys)


_MAKERS: Final[Mapping[str, Callable[[str, int], DemoAccount]]] = {
    "adyen": _adyen,
    "alipay": _alipay,
    "paypal": _paypal,
    "stripe": _stripe,
    "unionpay": _unionpay,
    "wechatpay-v2": _wechatpay_v2,
    "wechatpay-v3": _wechatpay_v3,
}
