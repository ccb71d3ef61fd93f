"""Faults on real brokers, judged by an oracle that knows nothing of the code under test.

What is here restates the wire: nothing imports the packages under test, and a test says so.
"""
