"""The phases of a replay, in this process or in several; each part is done by one of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from processors.contract import Providers
from processors.replay import Judge
from processors.verdict import judge
from schemas.topics import Topics
from streams.errors import ConfigurationError
from streams.log import Appender, Log
from streams.replay.accounts import Revisions, Rings, read_revisions
from streams.replay.indexing import index_facts, index_outcomes
from streams.replay.judging import JudgingAgain
from streams.replay.part import Part
from streams.replay.plan import PHASES, Plan, Wanted, code_digest, make_plan
from streams.replay.report import Report, read_report
from streams.replay.settling import SettlingAgain
from streams.replay.store import Store


def _unheard(_: int) -> None:
    return


@dataclass(slots=True, kw_only=True)
class Replay:
    """One process's share of a replay. `judge` is today's code, for tests another's."""

    log: Log
    wanted: Wanted
    store: Store
    providers: Providers
    rings: Rings
    judge: Judge = judge
    advanced: Callable[[int], None] = _unheard
    _revisions: Revisions | None = None
    _appender: Appender | None = None

    async def begin(self, *, resume: bool) -> Plan:
        """Make the plan and the topics to write into, or go on with those of an earlier run.

        Raises:
            ConfigurationError: a topic is missing, or holds records already; the code changed.
        """
        if resume and self.store.is_begun:
            self.check_code()
            plan = self.plan()
            self.store.reopen()
        else:
            plan = await make_plan(self.log, self.wanted.prefix)
            await self._make_topics(plan)
            self.store.begin(plan.encode(), plan.parts)
        return plan

    def check_code(self) -> None:
        """Check that the code is the one that made the plan: one report, one code.

        Raises:
            ConfigurationError: it is another.
        """
        if self.plan().code != code_digest():
            raise ConfigurationError(
                "the code has changed since this replay began; begin it anew without --resume"
            )

    def plan(self) -> Plan:
        return Plan.decode(self.store.plan() or b"")

    async def _make_topics(self, plan: Plan) -> None:
        into = self._into(plan)
        if into is None:
            return
        wanted = (into.facts, into.events)
        states = await self.log.describe()
        if into.callbacks.name in states or into.ledger.name in states:
            raise ConfigurationError(
                f"{self.wanted.into} is the prefix of a deployment; choose another --into"
            )
        for topic in wanted:
            if topic.name in states:
                bounds = await self.log.bounds(topic.name)
                fits = states[topic.name].partitions == topic.partitions
                if not fits or any(each.end for each in bounds.values()):
                    raise ConfigurationError(
                        f"topic {topic.name} is not empty or of another partition count;"
                        " choose another --into, or go on with --resume"
                    )
        await self.log.create(wanted)

    def _into(self, plan: Plan) -> Topics | None:
        return None if self.wanted.into is None else plan.topics(self.wanted.into)

    async def run_phase(self, phase: str) -> None:
        """Do open parts of a phase until there is none."""
        plan = self.plan()
        topics = plan.topics(self.wanted.prefix)
        while (number := self.store.take(phase)) is not None:
            part = Part(self.store, phase, number, self.advanced)
            part.begin()
            if phase == "payments":
                await self._settle(plan, topics, part)
            elif plan.records(phase, number, self.wanted.prefix):
                # Only then: to look at nothing would cost as much as a few thousand records.
                await self._read(phase, plan, topics, part)
            part.finish()

    async def _read(self, phase: str, plan: Plan, topics: Topics, part: Part) -> None:
        if phase == "outcomes":
            await index_outcomes(self.log, topics, plan, part)
        elif phase == "facts":
            await index_facts(self.log, topics, plan, part, self.wanted.range)
        else:
            await self._judge(plan, topics, part)

    async def _judge(self, plan: Plan, topics: Topics, part: Part) -> None:
        if self._revisions is None:
            topic = topics.accounts.name
            self._revisions = await read_revisions(self.log, topic, plan.ends[topic], self.rings)
        judging = JudgingAgain(
            log=self.log, topics=topics, plan=plan, covered=self.wanted.range,
            providers=self.providers, revisions=self._revisions, judge=self.judge,
        )  # fmt: skip
        await judging.run(part)

    async def _settle(self, plan: Plan, topics: Topics, part: Part) -> None:
        into = self._into(plan)
        if into is not None and self._appender is None:
            self._appender = self.log.appender()  # Closed with the log.
        settling = SettlingAgain(
            log=self.log, topics=topics, plan=plan, wanted=self.wanted, into=into,
            appender=self._appender,
        )  # fmt: skip
        await settling.run(part)

    async def run(self, *, resume: bool = False) -> Report:
        """Do everything in this process.

        Raises:
            ConfigurationError: see `begin`.
            Unavailable: the log is away; what is done so far is kept.
        """
        plan = await self.begin(resume=resume)
        for phase in PHASES:
            await self.run_phase(phase)
            await asyncio.sleep(0)
        return read_report(self.store, self.wanted, plan)
