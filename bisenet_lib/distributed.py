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
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bisenet_lib.errors import InputError
from bisenet_lib.files import only_writer, write_text
from bisenet_lib.plan import Plan
from bisenet_lib.stopping import LOST, Request, Stopped

GRACE_SECONDS = 120
"""How long the ranks may take to finish their iteration and save after Ctrl-C."""
POLL_SECONDS = 0.05
PREFIX = "bisenet-launch-"
NEW_SECONDS = 60
"""A folder this new may be one that its launch has not locked yet."""
LOST_ANOTHER = rf"{LOST}|gloo::\w*Exception|`Termination signal` is detected"
"""In the log of a rank that ended because another did: gloo may end it without Python's say, and
Paddle's launcher ends those that are left."""
NOISE = re.compile(
    r"^(=+ Modified FLAGS|FLAGS\(|=+$|[IW]\d{4} .*(tcp_|backward\.cc)).*\n?", re.MULTILINE
)
"""Lines of Paddle's that say nothing of why a rank ended."""


def launch(
    plan: Plan,
    script: Sequence[str],
    log_dir: Path,
    *,
    show: Callable[[str], None] = print,
    say: Callable[[str], None] = print,
    ours: Mapping[str, str] | None = None,
) -> list[Path]:
    """Run a script as several ranks, and come back when all of them have ended.

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
    """A folder for the launcher's logs that nobody else can read, and that goes in the end."""
    _delete_abandoned()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, only_writer(Path(folder)):
        yield Path(folder)


def _delete_abandoned() -> None:
    """Delete the folders of launches that were killed: one that runs holds the lock on its own."""
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
        words = []
        for number, process in sorted(self.ranks.items()):
            how = "ended" if number in self.gone else f"runs (pid {process.pid})"
            words.append(f"{self.first + number} {how}")
        return f"ranks: {', '.join(words)}"

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
        said = (self.private / "launcher.log").read_text(errors="replace")
        if not self.ranks:
            tail = "\n".join(said.strip().splitlines()[-8:])
            raise InputError(f"Paddle's launcher ended before any rank began:\n{tail}")
        texts = {number: log.read_text(errors="replace") for number, log in enumerate(self.logs)}
        for found in re.findall(r"Container rank (\d+) status \S+ cmd .*? code (-?\d+)", said):
            number, code = map(int, found)
            if self.gone.get(number) is None:
                self.gone[number] = code
        failed = [number for number, code in self.gone.items() if code != 0]
        # A rank that lost another one is not the cause, if one is here that is.
        causes = [n for n in failed if not re.search(LOST_ANOTHER, texts[n][-4000:])]
        number = (causes or failed or list(self.gone))[0]
        how = _how_it_ended(self.gone.get(number))
        if not causes and self.plan.nnodes > 1:
            how += f": it {LOST}, on another host"
        elif not causes:
            how += ": the ranks lost one another"
        raise InputError(
            f"rank {self.first + number} {how}. All ranks have ended. "
            f"The end of {self.logs[number]}:\n{_end_of(texts[number])}"
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
