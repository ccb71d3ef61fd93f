"""Signed callbacks of every provider, as they would send them, for demo, tests and load.

`plan` makes deliveries, each with what must become of it; `deliver` sends them. Recipes are
restated here without the processors, so that a shared mistake shows.
"""

from streams.simulate.delivery import Faults, RemoteTarget, Report, Retry, deliver
from streams.simulate.expectations import (
    event_agrees,
    event_differences,
    expectation_line,
    expectation_members,
)
from streams.simulate.keys import AccountKeys, NoKeys, SimulatorKey, load_keys
from streams.simulate.messages import Delivery, Expectation, ExpectedEvent, ExpectedItem
from streams.simulate.planning import available, combinations, plan, stories
from streams.simulate.providers import FOUNDING
from streams.simulate.scenarios import SCENARIOS
from streams.simulate.senders import SIMULATED

__all__ = [
    "FOUNDING",
    "SCENARIOS",
    "SIMULATED",
    "AccountKeys",
    "Delivery",
    "Expectation",
    "ExpectedEvent",
    "ExpectedItem",
    "Faults",
    "NoKeys",
    "RemoteTarget",
    "Report",
    "Retry",
    "SimulatorKey",
    "available",
    "combinations",
    "deliver",
    "event_agrees",
    "event_differences",
    "expectation_line",
    "expectation_members",
    "load_keys",
    "plan",
    "stories",
]
