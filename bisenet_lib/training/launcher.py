"""Training as several processes: started by ``paddle.distributed.launch``, watched, ended.

The launcher is Paddle's; what it leaves out is here: one screen for all ranks, the failing
rank's own message, and no process and no copy of the environment left behind.
Taught in ``04_multi_gpu``.
"""

import codecs
import fcntl
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bisenet_lib.common.atomic_files import only_writer, write_text
from bisenet_lib.common.processes import CUSTOM_DEVICE, cores
from bisenet_lib.common.signals import COMMAND, LAUNCHER, LOST, Request, Stopped, command_line
from bisenet_lib.errors import InputError

PROXIES = ("http_proxy", "all_proxy")
GRACE_SECONDS = 120
"""How long the ranks may take to finish their iteration and save after Ctrl-C."""
POLL_SECONDS = 0.05
PREFIX = "bisenet-launch-"
NEW_SECONDS = 60
"""A folder this new may be one that its launch has not locked yet."""
LOST_ANOTHER = rf"{LOST}|gloo::\w*Exception|`Termination signal` is detected"
"""In the log of a rank that ended because another did: gloo may end it before Python can report
anything, and Paddle's launcher ends the ranks that are left."""
NOISE = re.compile(
    r"^(=+ Modified FLAGS|FLAGS\(|=+$|[IW]\d{4} .*(tcp_|backward\.cc)).*\n?", re.MULTILINE
)
"""Lines of Paddle that do not say why a rank ended."""


@dataclass(frozen=True)
class Plan:
    """Which processes to start, on this host and on others.

    Args:
        processes: on this host, on its CPU; with ``gpus`` there is one for each of them.
        gpus: numbers of GPUs or other devices, ``0,1,2,3``; empty trains on the CPU.
        nnodes: hosts.
        master: ``HOST:PORT`` where the hosts meet: the address of host 0 and a free port there.
        node: this host's number, from 0.
        timeout: seconds to wait for the other hosts.
        device: the kind of device that ``gpus`` numbers, ``gpu`` or the name of another;
            ``auto``: see :func:`bisenet_lib.runtime.devices.kind_of_auto`.
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
        from bisenet_lib.runtime.devices import available, kind_of_auto

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
    from bisenet_lib.runtime.devices import available

    numbers = gpus.split(",")
    if kind == "cpu" or ":" in kind:
        raise InputError(
            f"--device {kind} with --gpus {gpus}: give the kind of device alone, as gpu"
        )
    if len(set(numbers)) < len(numbers):
        raise InputError(f"--gpus {gpus}: a device is named twice; each trains one process")
    devices = available()
    for number in numbers:
        if f"{kind}:{number}" not in devices:
            raise InputError(
                f"--gpus {gpus}: {kind}:{number} is not there; Paddle finds {', '.join(devices)}. "
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
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise InputError(
        f"--master {host}:{port}: no answer within {timeout:.0f} s. Start the command with "
        "--rank 0 on that host first, and look whether a firewall is between."
    )


def launch(
    plan: Plan,
    script: Sequence[str],
    log_dir: Path,
    *,
    show: Callable[[str], None] = print,
    say: Callable[[str], None] = print,
    ours: Mapping[str, str] | None = None,
) -> list[Path]:
    """Run a script as several ranks, and return when all of them have ended.

    Args:
        plan: the processes to start.
        script: a ``.py`` file or a program, with its arguments; every rank runs it.
        log_dir: each local rank's output goes to ``workerlog.N`` there; that of earlier
            launches stays, as ``workerlog.N.1``, ``.2`` and so on.
        show: called with every new piece of the first local rank's output.
        say: called with a line about the ranks whenever one of them starts or goes.
        ours: see :meth:`Plan.environment`.

    Returns:
        The log of each rank on this host.

    Raises:
        InputError: the plan cannot start, or a rank failed; then with that rank's message.
        Stopped: a signal asked for it; the ranks have saved and ended.
    """
    inherited = dict(os.environ)  # before Paddle is asked for GPUs, which sets threads here
    plan.check()
    if shutil.which(script[0]) is None and not Path(script[0]).is_file():
        raise InputError(f"{script[0]}: no such script or program for the ranks to run")
    with _private_folder() as private, Request() as request:
        job = _Job(plan, private, Path(log_dir), show, say)
        job.start(script, plan.environment(inherited, ours or {}))
        try:
            while job.alive():
                job.look()
                if request.number is not None:
                    job.ask_to_stop()
                time.sleep(POLL_SECONDS)
            job.look()
        finally:
            job.end()
        if request.number is not None:
            raise Stopped(request.number, "all ranks have ended")
        job.check()
        return job.logs


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for the launcher's logs that no other user can read; it is deleted at the end."""
    _delete_abandoned()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, only_writer(Path(folder)):
        yield Path(folder)


def _delete_abandoned() -> None:
    """Delete the folders of launches that were killed; one that still runs locks its folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_mtime < time.time() - NEW_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


class _Job:
    """A launcher and its ranks, from start to end."""

    def __init__(
        self,
        plan: Plan,
        private: Path,
        log_dir: Path,
        show: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self.plan, self.private, self.show, self.say = plan, private, show, say
        self.first = plan.node * plan.local
        self.logs = [log_dir / f"workerlog.{self.first + n}" for n in range(plan.local)]
        self.copied = [0] * plan.local
        self.ranks: dict[int, psutil.Process] = {}
        self.gone: dict[int, int | None] = {}
        """Local rank to exit code, in the order they went; None where it is not known."""
        self.asked: float | None = None
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def start(self, script: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            self.logs[0].parent.mkdir(parents=True, exist_ok=True)
            for log in self.logs:
                _keep_earlier(log)
                log.touch()
        except OSError as error:
            raise InputError(f"{error.filename}: cannot be written ({error.strerror})") from error
        with (self.private / "launcher.log").open("wb") as out:
            self.launcher = subprocess.Popen(
                self.plan.command(script, self.private),
                env=dict(environment),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def alive(self) -> bool:
        return self.launcher.poll() is None

    def look(self) -> None:
        """Find new ranks and those that have gone, and pass on what they wrote."""
        self._find()
        for number, process in self.ranks.items():
            if number not in self.gone and not _runs(process):
                self.gone[number] = _exit_code(process.pid)
                self.say(self.states())
        for number, log in enumerate(self.logs):
            with suppress(FileNotFoundError):
                self._copy(number, log)
        waited = time.monotonic() - self.started
        if not self.ranks and self.alive() and waited > self.plan.timeout:
            raise InputError(
                f"no rank has started within {waited:.0f} s. Of {self.plan.nnodes} hosts not all "
                f"have come to {self.plan.master or 'this host'}: start the same command with "
                "every --rank. If all of them wait, a firewall is between."
            )

    def _find(self) -> None:
        if len(self.ranks) == self.plan.local:
            return
        with suppress(psutil.Error):
            for child in psutil.Process(self.launcher.pid).children():
                with suppress(psutil.Error):
                    number = child.environ().get("PADDLE_LOCAL_RANK")
                    if number is not None and int(number) not in self.ranks:
                        self.ranks[int(number)] = child
            if len(self.ranks) == self.plan.local:
                self._delete_environments()
                self.say(self.states())

    def _delete_environments(self) -> None:
        """Delete the copies of the environment that the launcher wrote, now that all ranks run.

        A rank still reads its ``backup_env``, for variables of Paddle's that grew too long.
        """
        for path in list(self.private.iterdir()):
            if path.name.startswith("backup_env."):
                copied = json.loads(path.read_text(encoding="utf-8"))
                names = [name for name in copied if name.startswith(("PADDLE_", "TRAINER_"))]
                write_text(path, json.dumps({name: copied[name] for name in names}))
            elif path.name != "launcher.log" and not path.name.startswith("workerlog."):
                path.unlink()

    def _copy(self, number: int, log: Path) -> None:
        with (self.private / f"workerlog.{number}").open("rb") as source:
            source.seek(self.copied[number])
            new = source.read()
        if new:
            self.copied[number] += len(new)
            with log.open("ab") as target:
                target.write(new)
            if number == 0:
                self.show(self.decoder.decode(new))

    def states(self) -> str:
        """A line with every local rank."""
        states = []
        for number, process in sorted(self.ranks.items()):
            state = "ended" if number in self.gone else f"runs (pid {process.pid})"
            states.append(f"{self.first + number} {state}")
        return f"ranks: {', '.join(states)}"

    def ask_to_stop(self) -> None:
        """Let the ranks finish their iteration and save."""
        if self.asked is None:
            self.asked = time.monotonic()
            for process in self.ranks.values():
                with suppress(psutil.Error):
                    process.send_signal(signal.SIGTERM)
        if not self.ranks:
            self.end()
        elif time.monotonic() - self.asked > GRACE_SECONDS:
            raise InputError(
                f"the ranks did not finish their iteration within {GRACE_SECONDS} s and were "
                "ended. Go on from the last checkpoint with --resume-model."
            )

    def end(self) -> None:
        """Leave no process behind."""
        tree = [psutil.Process(self.launcher.pid)] if self.alive() else []
        for process in [*tree, *self.ranks.values()]:
            with suppress(psutil.Error):
                tree += process.children(recursive=True)
        for process in [*tree, *self.ranks.values()]:
            with suppress(psutil.Error):
                process.kill()
        self.launcher.wait()

    def check(self) -> None:
        """Raise the failing rank's own message, if one failed."""
        if self.launcher.returncode == 0:
            return
        launcher_log = (self.private / "launcher.log").read_text(errors="replace")
        if not self.ranks:
            tail = "\n".join(launcher_log.strip().splitlines()[-8:])
            raise InputError(f"Paddle's launcher ended before any rank began:\n{tail}")
        logs = {number: log.read_text(errors="replace") for number, log in enumerate(self.logs)}
        for match in re.findall(
            r"Container rank (\d+) status \S+ cmd .*? code (-?\d+)", launcher_log
        ):
            number, code = map(int, match)
            if self.gone.get(number) is None:
                self.gone[number] = code
        failed = [number for number, code in self.gone.items() if code != 0]
        # A rank that lost another one is not the cause, if one is here that is.
        causes = [n for n in failed if not re.search(LOST_ANOTHER, logs[n][-4000:])]
        number = (causes or failed or list(self.gone))[0]
        ending = _how_it_ended(self.gone.get(number))
        if not causes and self.plan.nnodes > 1:
            ending += f": it {LOST}, on another host"
        elif not causes:
            ending += ": the ranks lost one another"
        raise InputError(
            f"rank {self.first + number} {ending}. All ranks have ended. "
            f"The end of {self.logs[number]}:\n{_end_of(logs[number])}"
        )


def _keep_earlier(log: Path) -> None:
    """Give the log of an earlier launch the first name that is free: ``workerlog.0.1``."""
    if log.is_file() and log.stat().st_size:
        names = (log.with_name(f"{log.name}.{number}") for number in itertools.count(1))
        log.rename(next(name for name in names if not name.exists()))


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _exit_code(pid: int) -> int | None:
    """How a process ended that another one has not waited for yet (Linux; see man proc)."""
    try:
        status = int(Path(f"/proc/{pid}/stat").read_text().split()[-1])
    except (OSError, ValueError):
        return None
    return os.waitstatus_to_exitcode(status)


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "ended too early"
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed (exit {code})"


def _end_of(log: str, lines: int = 8) -> str:
    """The last error message in a log, else its last lines."""
    text = NOISE.sub("", re.sub(r"[^\n]*\r", "", log)).strip()
    text = text.partition("terminate called after throwing")[0].strip()
    message = text.rpartition("\nerror: ")[2] if "\nerror: " in f"\n{text}" else ""
    return message.removeprefix("error: ") or "\n".join(text.splitlines()[-lines:])
