"""Every provider as a sender: what each says and how it signs it, a file to a family."""

from collections.abc import Mapping
from typing import Final

from streams.simulate.messages import Simulated
from streams.simulate.providers import FOUNDING
from streams.simulate.senders import (
    asia,
    china,
    china_sealed,
    europe,
    field_macs,
    gateways,
    india_indonesia,
    platforms,
    regional_macs,
    sealed,
    shops,
    taiwan_vietnam,
)

FAMILIES: Final = (
    gateways,
    platforms,
    shops,
    regional_macs,
    field_macs,
    sealed,
    europe,
    india_indonesia,
    asia,
    taiwan_vietnam,
    china,
    china_sealed,
)
SIMULATED: Final[Mapping[str, Simulated]] = {
    **FOUNDING,
    **{each.name: each for family in FAMILIES for each in family.SENDERS},
}
