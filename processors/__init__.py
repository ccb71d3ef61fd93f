"""Pure functions from bytes to proven facts to events.

No clock, network, file, environment, randomness or log in here.
"""
