"""Which processes a training job is made of, on one host or several. Taught in ``04_multi_gpu``."""

import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisenet_lib.errors import InputError
from bisenet_lib.machine import CUSTOM_DEVICE, cores
from bisenet_lib.stopping import COMMAND, LAUNCHER, command_line

PROXIES = ("http_proxy", "all_proxy")


@dataclass(frozen=True)
class Plan:
    """Which processes to start, on this host and on others.

    Args:
        processes: on this host, on its CPU; with ``gpus`` there is one for each of them.
        gpus: numbers of GPUs or other devices, ``0,1,2,3``; empty trains on the CPU.
        nnodes: hosts.
        master: ``HOST:PORT`` where the hosts meet; on host 0, a free port of its own.
        node: this host's number, from 0.
        timeout: seconds to wait for the other hosts.
        device: the kind of device that ``gpus`` numbers, ``gpu`` or the name of another;
            ``auto``: see :func:`bisenet_lib.devices.kind_of_auto`.
    """

    processes: int = 2
    gpus: str = ""
    nnodes: int = 1
    master: str = ""
    node: int = 0
    timeout: float = 300.0
    device: str = "auto"

    @property
    def kind(self) -> str:
        """What every rank computes on: ``cpu``, ``gpu``, or the name of another device."""
        if self.device != "auto":
            return self.device
        if not self.gpus:
            return "cpu"
        from bisenet_lib.devices import available, kind_of_auto

        kind = kind_of_auto(available())
        return "gpu" if kind == "cpu" else kind

    @property
    def local(self) -> int:
        """Ranks on this host."""
        return len(self.gpus.split(",")) if self.gpus else self.processes

    @property
    def size(self) -> int:
        """The world size: ranks on all hosts."""
        return self.local * self.nnodes

    def command(self, script: Sequence[str], log_dir: Path) -> list[str]:
        """The command line of Paddle's launcher.

        Args:
            script: what every rank runs, with its arguments.
            log_dir: where the launcher leaves ``workerlog.N``.
        """
        options = ["--log_dir", str(log_dir), "--nnodes", str(self.nnodes)]
        if self.nnodes > 1:
            options += ["--master", self.master, "--rank", str(self.node)]
        if self.gpus:
            options += ["--gpus", self.gpus]
        else:
            options += ["--nproc_per_node", str(self.processes)]
        return [sys.executable, "-m", "paddle.distributed.launch", *options, *script]

    def environment(self, inherited: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
        """The environment of the launcher and its ranks: one share of the cores each.

        Args:
            inherited: this process's environment.
            ours: variables this process set itself, not the user; ranks choose their own.
        """
        env = {name: value for name, value in inherited.items() if ours.get(name) != value}
        env = {name: value for name, value in env.items() if not name.startswith("PADDLE_TRAINER")}
        env.pop(CUSTOM_DEVICE, None)
        if not self.gpus:
            env.pop("CUDA_VISIBLE_DEVICES", None)
            env.setdefault("OMP_NUM_THREADS", str(max(1, cores() // self.local)))
            env["PADDLE_DISTRI_BACKEND"] = "gloo"
        elif self.kind not in ("gpu", "xpu"):
            env[CUSTOM_DEVICE] = self.kind
        if self.nnodes > 1:
            # The launchers meet over HTTP, and no proxy leads to the other host.
            env = {name: env[name] for name in env if name.lower() not in PROXIES}
        if command := command_line():
            env[COMMAND] = json.dumps(command)
        return {**env, LAUNCHER: str(os.getpid()), "PYTHONUNBUFFERED": "1"}

    def check(self) -> None:
        """Refuse a plan that cannot start.

        Raises:
            InputError: a number, a device or the master's address is wrong, its port is in
                use, or it does not answer within ``timeout``.
        """
        for name, value in (("nproc", self.processes), ("nnodes", self.nnodes)):
            if value < 1:
                raise InputError(f"--{name} is {value}; give a whole number from 1")
        if self.gpus:
            _check_units(self.gpus, self.kind)
        elif self.kind != "cpu":
            raise InputError(
                f"--device {self.device}: without --gpus every process trains on the CPU. Give "
                "--gpus 0,1 for the first two devices of that kind."
            )
        if self.nnodes == 1:
            return
        if not 0 <= self.node < self.nnodes:
            raise InputError(
                f"--rank is {self.node}; with --nnodes {self.nnodes} the hosts are 0 to "
                f"{self.nnodes - 1}"
            )
        host, _, port = self.master.partition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise InputError(
                f"--master is {self.master!r}; give HOST:PORT, the address of host 0 and a "
                "port that is free there, the same on every host"
            )
        if self.node == 0:
            _check_port_is_free(host, int(port))
        else:
            _wait_for_master(host, int(port), self.timeout)


def _check_units(gpus: str, kind: str) -> None:
    from bisenet_lib.devices import available

    numbers = gpus.split(",")
    if kind == "cpu" or ":" in kind:
        raise InputError(
            f"--device {kind} with --gpus {gpus}: give the kind of device alone, as gpu"
        )
    if len(set(numbers)) < len(numbers):
        raise InputError(f"--gpus {gpus}: a device is named twice; each trains one process")
    found = available()
    for number in numbers:
        if f"{kind}:{number}" not in found:
            raise InputError(
                f"--gpus {gpus}: {kind}:{number} is not there; Paddle finds {', '.join(found)}. "
                "On a machine without GPUs give --nproc in place of --gpus."
            )


def _check_port_is_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"--master {host}:{port}: host 0 cannot listen there ({error.strerror}). Another "
                "program uses the port, or the address is not this host's; choose another."
            ) from error


def _wait_for_master(host: str, port: int, timeout: float) -> None:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise InputError(
        f"--master {host}:{port}: no answer within {timeout:.0f} s. Start the command with "
        "--rank 0 on that host first, and look whether a firewall is between."
    )
