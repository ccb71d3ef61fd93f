"""Every provider as a sender: what each says and how it signs it, a file to a family."""

from collections.abc import Mapping
from typing import Final

from streams.simulate.messages import Simulated
from streams.simulate.providers import FOUNDING
from streams.simulate.senders import (
    asia,
    china,
    china_sealed,
    field_macs,
    gateways,
    regional_macs,
    sealed,
    shops,
    taiwan_vietnam,
)

FAMILIES: Final = (
    gateways,
    shops,
    regional_macs,
    field_macs,
    sealed,
    asia,
    taiwan_vietnam,
    china,
    china_sealed,
)
SIMULATED: Final[Mapping[str, Simulated]] = {
    **FOUNDING,
    **{each.name: each for family in FAMILIES for each in family.SENDERS},
}
