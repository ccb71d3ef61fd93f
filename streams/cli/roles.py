"""`up`, `ingress`, `verify`, `settle`: the roles as processes."""

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.frame import current_config, now_ms, open_configured_log, run_async
from streams.cli.output import EXIT_CODES

if TYPE_CHECKING:
    from streams.config import Config
    from streams.roles import Role

Processes = Annotated[
    int, typer.Option("--processes", min=1, max=64, help="How many processes share the work.")
]
InstanceId = Annotated[
    str | None,
    typer.Option(
        help="Static membership: a name that survives restarts, such as the pod's. Without it a"
        " killed process keeps its partitions until the session time-out."
    ),
]
ReadyFd = Annotated[int | None, typer.Option("--ready-fd", hidden=True)]


def register(app: typer.Typer) -> None:
    """Add the roles to the command line."""
    app.command("up", help=f"Run every role in one process. {EXIT_CODES}")(_up)
    app.command("ingress", help=f"Take callbacks over HTTP. {EXIT_CODES}")(_ingress)
    app.command("verify", help=f"Judge callbacks, state facts. {EXIT_CODES}")(_verify)
    app.command("settle", help=f"Announce each fact once. {EXIT_CODES}")(_settle)


def _up() -> None:
    from streams.roles import ALL_ROLES

    _run(ALL_ROLES, "up", instance_id=None, ready_fd=None, all_in_one=True)


def _ingress(processes: Processes = 1, ready_fd: ReadyFd = None) -> None:
    _one_or_many("ingress", processes, None, ready_fd)


def _verify(
    processes: Processes = 1, instance_id: InstanceId = None, ready_fd: ReadyFd = None
) -> None:
    _one_or_many("verify", processes, instance_id, ready_fd)


def _settle(
    processes: Processes = 1, instance_id: InstanceId = None, ready_fd: ReadyFd = None
) -> None:
    _one_or_many("settle", processes, instance_id, ready_fd)


def _one_or_many(
    role: "Role", processes: int, instance_id: str | None, ready_fd: int | None
) -> None:
    if processes == 1:
        _run((role,), role, instance_id=instance_id, ready_fd=ready_fd, all_in_one=False)
        return
    from streams.config import admin_address
    from streams.errors import ConfigurationError
    from streams.roles import openapi
    from streams.supervisor import Supervisor

    config = current_config()
    if config.log is not None and config.log.startswith("embedded://"):
        raise ConfigurationError("--processes: the embedded log is for one process; use Kafka")
    command: list[str] = [role]
    if instance_id is not None:
        command += ["--instance-id", f"{instance_id}-{{n}}"]
    admin = admin_address(config, role)
    code = run_async(Supervisor(command, processes).run(admin, openapi=openapi()))
    if code:
        raise typer.Exit(code)


def _run(
    roles: "Sequence[Role]",
    name: str,
    *,
    instance_id: str | None,
    ready_fd: int | None,
    all_in_one: bool,
) -> None:
    config = current_config()
    run_async(_serve(config, roles, name, instance_id, ready_fd, all_in_one))


async def _serve(
    config: "Config",
    roles: "Sequence[Role]",
    name: str,
    instance_id: str | None,
    ready_fd: int | None,
    all_in_one: bool,
) -> None:
    from prometheus_client import REGISTRY, CollectorRegistry

    from streams.config import admin_address
    from streams.roles import open_deployment, run_roles

    log = open_configured_log(config, role_default=all_in_one, instance_id=instance_id)
    try:
        deployment = await open_deployment(
            config,
            log,
            clock=now_ms,
            create_topics=all_in_one,
            # A child's metrics go into files that its parent reads; only the default registry may.
            registry=CollectorRegistry() if ready_fd is None else REGISTRY,
            ingress_socket=None if ready_fd is None else _shared_socket(config, roles),
        )
    except BaseException:
        await log.close()
        raise
    if ready_fd is not None:
        deployment.readiness.listen(lambda ready: _tell(ready_fd, ready))
        _end_with_parent(ready_fd, deployment.stopping)
    elif all_in_one and sys.stderr.isatty():
        deployment.readiness.listen(lambda ready: _greet(config) if ready else None)
    admin = admin_address(config, name) if ready_fd is None else None
    await run_roles(deployment, roles, admin=admin)


def _greet(config: "Config") -> None:
    """Tell a person what can be done now; logs alone do not."""
    sys.stderr.write(
        f"\nReady. Callbacks: http://{config.listen}/v1/callbacks/PROVIDER/ACCOUNT\n"
        "In another terminal: tillstream simulate --all, tillstream tail, tillstream books.\n"
        "Ctrl-C ends in order.\n\n"
    )


def _tell(ready_fd: int, ready: bool) -> None:
    with suppress(BrokenPipeError):  # The parent is gone, and this process is ending.
        os.write(ready_fd, b"1" if ready else b"0")


def _end_with_parent(ready_fd: int, stopping: asyncio.Event) -> None:
    """End in order once nobody holds the pipe's other end: a parent that was killed would leave
    processes behind that no port shows and no restart ends."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(ready_fd)
        stopping.set()

    # Nothing is ever read here; the end of the last reader wakes it as an error does.
    loop.add_reader(ready_fd, ended)


def _shared_socket(config: "Config", roles: "Sequence[Role]") -> socket.socket | None:
    """Every ingress process listens on the same port; the kernel spreads the connections."""
    if "ingress" not in roles:
        return None
    listening = socket.socket(socket.AF_INET6 if ":" in config.listen.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(config.listen)
    return listening
