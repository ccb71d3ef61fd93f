"""What the ingress answers, asked of a provider directly."""

from processors.contract import Receipt, Reply
from tests.support.cases import announcing, trial


def reply_to(name: str, status: int) -> Reply:
    """Return a provider's reply to its first announcing case."""
    whole = trial(name, announcing(name, 1)[0])
    return whole.provider.reply(whole.callback, Receipt(status), whole.account)
