"""The faults of a run. Each is noted in the history, and leaves every role running again."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final

from tests.chaos.field import PREFIX, Field
from tests.chaos.reader import delete_offsets, delete_topic

STRUCK_S: Final = 25.0
ASLEEP_S: Final = 13.0  # longer than the session of a member, and its takeover
# Steps that are passed while callbacks come in, and those that are passed at a start.
STEPS: Final = {
    "ingress": ("append", "reply", "ack-wait"),
    "verify": ("append", "commit", "ack-wait"),
    "settle": ("produce", "ack-wait", "offsets", "end", "merge", "flush"),
}
FIRST_STEPS: Final = {"verify": ("publish",), "settle": ("fence", "restore")}
ZOMBIE_MOMENTS: Final = (("produce", "before"), ("offsets", "before"), ("end", "before"))


class Faults:
    """Befalls a field, by chance; `counts` says how often each kind did."""

    def __init__(self, field: Field, cluster: Any, chance: random.Random) -> None:
        self._field = field
        self._cluster = cluster
        self._chance = chance
        self.counts: Counter[str] = Counter()

    def plan(self, only: Collection[str] = ()) -> list[Callable[[], None]]:
        """Return a round of faults in an order of chance; `only` of these groups where given."""
        groups = {
            "process": self._processes(), "step": self._steps(), "start": self._starts(),
            "zombie": self._zombies(), "rebalance": [self.roll, self.strike_revoke],
            "cluster": [self.broker_dies, self.broker_ends, self.cut],
            "loss": [partial(self.lose_offsets, "verify"), partial(self.lose_offsets, "settle"),
                     self.lose_ledger, self.damage_store],
        }  # fmt: skip
        found = [each for name, group in groups.items() for each in group
                 if not only or name in only]  # fmt: skip
        self._chance.shuffle(found)
        return found

    def _processes(self) -> list[Callable[[], None]]:
        ended: list[Callable[[], None]] = [partial(self.end, role) for role in STEPS]
        return [*(partial(self.kill, role) for role in STEPS for _ in range(2)), *ended]

    def _steps(self) -> list[Callable[[], None]]:
        return [partial(self.strike, role, step, self._moment())
                for role, steps in STEPS.items() for step in steps]  # fmt: skip

    def _starts(self) -> list[Callable[[], None]]:
        return [partial(self.strike_starting, role, step, self._moment())
                for role, steps in FIRST_STEPS.items() for step in steps]  # fmt: skip

    def _zombies(self) -> list[Callable[[], None]]:
        chosen = self._chance.sample(ZOMBIE_MOMENTS, 2)
        return [*(partial(self.zombie, *moment) for moment in chosen), self.sleep_verify]

    def _moment(self) -> str:
        return self._chance.choice(("before", "after"))

    def _note(self, kind: str, **members: Any) -> None:
        self.counts[kind] += 1
        self._field.history.note("fault", fault=kind, **members)

    def _one(self, role: str) -> str:
        return self._chance.choice(self._field.of(role))

    # -- processes ---------------------------------------------------------------------------

    def kill(self, role: str) -> None:
        """kill -9 at a random moment."""
        name = self._one(role)
        time.sleep(self._chance.uniform(0.1, 2))
        self._note(f"kill -9 {role}", name=name)
        self._field.roles[name].restart_after_kill()
        self._field.revive()

    def end(self, role: str) -> None:
        """SIGTERM at a random moment."""
        name = self._one(role)
        time.sleep(self._chance.uniform(0.1, 2))
        self._note(f"SIGTERM {role}", name=name)
        self._field.end(name)
        self._field.revive()

    def strike(self, role: str, step: str, moment: str) -> None:
        """kill -9 at a named step."""
        name = self._one(role)
        number = self._chance.randint(1, 3)
        self._field.wish(name).write_text(f"{step} {moment} {number} kill")
        struck = self._field.wait_ended(name, STRUCK_S)
        self._struck(f"kill -9 {role} {moment} {step}", name, struck)

    def strike_starting(self, role: str, step: str, moment: str) -> None:
        """kill -9 at a named step of a start."""
        name = self._one(role)
        self._field.wish(name).write_text(f"{step} {moment} 1 kill")
        self._field.roles[name].restart_after_kill()
        struck = self._field.wait_ended(name, 2 * STRUCK_S)
        self._struck(f"kill -9 {role} {moment} {step}", name, struck)

    def strike_revoke(self) -> None:
        """kill -9 while partitions are taken away, because another member leaves."""
        name, *others = self._field.of("settle")
        moment = self._moment()
        self._field.wish(name).write_text(f"revoke {moment} 1 kill")
        self._field.end(others[0])
        struck = self._field.wait_ended(name, STRUCK_S)
        self._struck(f"kill -9 settle {moment} revoke", name, struck)

    def _struck(self, kind: str, name: str, struck: bool) -> None:
        self._field.wish(name).unlink(missing_ok=True)
        self._note(kind if struck else f"not reached: {kind}", name=name)
        self._field.revive()

    def zombie(self, step: str, moment: str) -> None:
        """SIGSTOP with a batch in its hands, until others have taken over; then it wakes."""
        name = self._one("settle")
        self._field.wish(name).write_text(f"{step} {moment} 1 stop")
        try:
            self._field.roles[name].wait_stopped(STRUCK_S)
        except TimeoutError:
            self._field.wish(name).unlink(missing_ok=True)
            self._note("not reached: zombie settle")
            return
        time.sleep(ASLEEP_S)
        self._field.roles[name].send(signal.SIGCONT)
        ended = self._field.wait_ended(name, 10)
        # One that goes on was not taken over from: it may have settled nothing wrong either.
        self._note(f"zombie settle {'ended' if ended else 'went on'}", step=step)
        self._field.revive()

    def sleep_verify(self) -> None:
        """SIGSTOP of verify beyond its patience."""
        name = self._one("verify")
        self._field.roles[name].send(signal.SIGSTOP)
        time.sleep(ASLEEP_S)
        self._field.roles[name].send(signal.SIGCONT)
        self._note("SIGSTOP verify", name=name)
        self._field.revive()

    def roll(self) -> None:
        """A third that settles comes, all are restarted in turn, and it goes again."""
        self._field.add("settle-2", "settle")
        for name in self._field.of("settle"):
            self._field.end(name)
            self._field.revive()
        self._field.end("settle-2")
        del self._field.roles["settle-2"]
        self._note("rolling restart of three")
        self._field.revive()

    # -- the cluster -------------------------------------------------------------------------

    def broker_dies(self) -> None:
        self._note("kill -9 broker")
        self._cluster.kill()
        time.sleep(self._chance.uniform(0.5, 4))
        self._cluster.start()
        self._field.revive()

    def broker_ends(self) -> None:
        self._note("broker stopped and started")
        self._cluster.stop()
        time.sleep(self._chance.uniform(0.5, 4))
        self._cluster.start()
        self._field.revive()

    def cut(self) -> None:
        """The broker cannot be reached for a while."""
        self._note("broker unreachable")
        self._cluster.cut()
        time.sleep(self._chance.uniform(1, 8))
        self._cluster.mend()
        self._field.revive()

    def lose_offsets(self, role: str) -> None:
        """The offsets of a group are deleted."""
        for name in self._field.of(role):
            self._field.end(name)
        delete_offsets(self._field.bootstrap, f"{PREFIX}-{role}")
        self._note(f"offsets of {role} deleted")
        self._field.revive()

    def lose_ledger(self) -> None:
        """The ledger topic is gone; whoever rebuilds it first dies over it."""
        names = self._field.of("settle")
        for name in names:
            self._field.end(name)
        delete_topic(self._field.bootstrap, f"{PREFIX}.ledger.v1")
        self._field.apply_topics()
        moment = self._moment()
        self._field.wish(names[0]).write_text(f"rebuild {moment} 2 kill")
        self._field.roles[names[0]].start()
        struck = self._field.wait_ended(names[0], 2 * STRUCK_S)
        self._note("ledger topic deleted")
        self._struck(f"kill -9 settle {moment} rebuild", names[0], struck)

    def damage_store(self) -> None:
        """Files that settle keeps of its ledger are cut in half, or deleted."""
        for name in self._field.of("settle"):
            self._field.end(name)
        state = self._field.deployed.folder / "state"
        files = sorted(path for path in state.rglob("*.mdb") if path.is_file())
        for path in files:
            if self._chance.random() < 0.5:
                path.unlink()
            else:
                with path.open("r+b") as file:
                    file.truncate(path.stat().st_size // 2)
        self._note("ledger store damaged" if files else "no ledger store on disk")
        self._field.revive()
