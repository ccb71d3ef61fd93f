"""The embedded log: one SQLite file, one process that runs the roles, no server to install.

For trying out and small single-machine use. An acknowledged append survives kill -9 and power
loss; it promises nothing about another machine, and nothing about fencing between processes
beyond this: a settling transaction whose offset was moved by somebody else is refused.
"""

from streams.embedded.log import EmbeddedLog

__all__ = ["EmbeddedLog"]
