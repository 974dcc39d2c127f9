"""The ranks of a data parallel training: processes that each compute some rows of every batch.

All ranks run the same training on the same batches. Each computes its own rows; then the gradients
are added up in one exchange, and with them travel the logits and losses of the rows and the wish
to stop. What follows (penalties, optimizer, history, early stopping) is the same arithmetic on the
same numbers everywhere, so that the ranks stay alike bit by bit, and alike to one worker up to the
order in which the sums are taken.
"""

from __future__ import annotations

import atexit
import contextlib
import signal
import socket
import threading
import time
import traceback
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from xent.engines.torch_meeting import meet
from xent.errors import XentError
from xent.launch import RankLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xent.arrays import Array
    from xent.launch import Launch

__all__ = ["Ranks"]

# a machine that is lost without a word is missed after this long; a killed process at once
PATIENCE: Final = timedelta(minutes=10)
# how long a rank waits for the others to say that they are still there
ROLL_CALL_SECONDS: Final = 1.5
# how long another rank leaves rank 0 to say what was wrong, before launchers end it for the others' sake
FAREWELL_SECONDS: Final = 10.0
# how long SIGTERM waits for a rank that is about to say who has gone
LAST_WORDS_SECONDS: Final = 5.0
# the mark of a process group that was made here, in its store
_OURS: Final = "xent/ours"
_HOLDS_ON: Final = (
    "Nothing up to the last checkpoint is lost: start again with --resume, "
    "or let torchrun do it with --max-restarts."
)


class Ranks:
    """The place of this process among the ranks of a training, and what they tell each other.

    Numbers on a CPU travel by gloo, those on CUDA devices by NCCL where each rank has a device of its own.

    Parameters
    ----------
    launch : Launch

    Raises
    ------
    XentError
        When the ranks do not find each other.
    """

    def __init__(self, launch: Launch) -> None:
        self.rank, self.size = launch.rank, launch.size
        self.local_size, self.launch = launch.local_size, launch
        self._store, self._texts, self._is_ours = _process_group(launch)
        # asked for at the first exchange
        self._has_nccl: bool | None = None
        self._wishes, self._agreed = (0, 0), (0, 0)
        self._buffer = torch.empty(0)

    def slice_of(self, n: int) -> slice:
        """Return the rows of a batch of n that this rank computes; the first where none is left for it."""
        rows = slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)
        return rows if self.counts(n) else slice(0, 1)

    def counts(self, n: int) -> bool:
        """Tell whether a batch of n has rows for this rank; the others take part, for normalization asks all."""
        return self.rank * n // self.size < (self.rank + 1) * n // self.size

    # numbers

    def own_device(self, found: str) -> str:
        """Return the device of this rank where `found` is any CUDA device: each rank of a machine has its own."""
        if found != "cuda":
            return found
        n_devices, place = torch.cuda.device_count(), self.launch.local_rank
        if place >= n_devices:
            raise XentError(
                f"rank {self.rank} is number {place + 1} on a machine with {n_devices} CUDA devices. "
                f"Start one rank a device (--nproc-per-node {n_devices}), or use device='cpu'."
            )
        return f"cuda:{place}"

    def _uses_nccl(self, device: torch.device) -> bool:
        """Tell whether NCCL carries these numbers: only where each rank has a CUDA device of its own."""
        if device.type != "cuda":
            return False
        if self._has_nccl is None:
            torch.cuda.set_device(device)
            own = f"{socket.gethostname()} {torch.cuda.get_device_properties(device).uuid}"
            n_devices = len(set(self.gather_texts(own)))
            self._has_nccl = n_devices == self.size and dist.is_nccl_available()
        return self._has_nccl

    def add_up(self, values: torch.Tensor) -> torch.Tensor:
        """Add the ranks' values up in place, and return them."""
        with self._reached():
            if values.device.type == "cpu" or self._uses_nccl(values.device):
                dist.all_reduce(values)
            else:
                on_cpu = values.cpu()
                dist.all_reduce(on_cpu)
                values.copy_(on_cpu)
        return values

    # an exchange is no part of a graph
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum of the ranks' values as a node of the graph: each loss depends on every rank's values."""
        found: torch.Tensor = _Total.apply(values, self)  # type: ignore[no-untyped-call]
        return found

    def completed(
        self, gradient: torch.Tensor, logits: torch.Tensor, nll: Array, n: int
    ) -> tuple[torch.Tensor, Array]:
        """Return the logits and losses of all n rows of a batch, and add the gradients up in place.

        Parameters
        ----------
        gradient : Tensor, shape (n_parameters,)
        logits : Tensor, shape (n_own, n_outputs)
        nll : ndarray, shape (n_own,)
            Of this rank's rows.
        n : int
        """
        rows, n_logits = self.slice_of(n), n * logits.shape[1]
        ends = np.cumsum([len(gradient), n_logits, n, 2])
        buffer = self._room_for(int(ends[-1]), gradient)
        parts = buffer.tensor_split(torch.from_numpy(ends[:-1]))
        buffer[len(gradient) :].zero_()
        parts[0].copy_(gradient)
        # zeros at the places of the other ranks' rows: these sums are exact
        if self.counts(n):
            parts[1].view(n, -1)[rows] = logits.to(buffer.device)
            parts[2][rows] = torch.from_numpy(np.asarray(nll)).to(buffer)
        parts[3].copy_(torch.tensor(self._wishes))
        self.add_up(buffer)
        gradient.copy_(parts[0])
        rest = buffer[len(gradient) :].cpu()
        self._agreed = (int(rest[-2]), int(rest[-1]))
        whole_nll: Array = rest[n_logits : n_logits + n].numpy()
        return rest[:n_logits].view(n, -1).clone(), whole_nll

    def _room_for(self, n: int, like: torch.Tensor) -> torch.Tensor:
        buffer = self._buffer
        if len(buffer) < n or buffer.dtype != like.dtype or buffer.device != like.device:
            buffer = self._buffer = torch.empty(n, dtype=like.dtype, device=like.device)
        return buffer[:n]

    # stopping

    def agreed_after_batch(self, reason: str) -> str:
        """Return why all ranks stop after this batch; a wish travels with the next batch's gradient."""
        agreed, self._agreed = self._agreed, (0, 0)
        self._wishes = (0, 0) if any(agreed) else _as_wishes(reason)
        return _as_reason(agreed, reason)

    def agreed_after_epoch(self, reason: str) -> str:
        """Return why all ranks stop after this epoch."""
        own = [max(pair) for pair in zip(_as_wishes(reason), self._wishes, strict=True)]
        agreed = self.add_up(torch.tensor(own))
        self._wishes = self._agreed = (0, 0)
        return _as_reason((int(agreed[0]), int(agreed[1])), reason)

    # texts

    def gather_texts(self, text: str) -> list[str]:
        """Return every rank's text, in their order."""
        own = torch.frombuffer(bytearray(text.encode() + b" "), dtype=torch.uint8)
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        with self._reached():
            dist.all_gather(lengths, torch.tensor([len(own)]), group=self._texts)
            longest = int(max(lengths))
            padded = torch.nn.functional.pad(own, (0, longest - len(own)))
            found = [torch.empty_like(padded) for _ in range(self.size)]
            dist.all_gather(found, padded, group=self._texts)
        return [
            bytes(one[: int(n)].numpy()).decode()[:-1]
            for one, n in zip(found, lengths, strict=True)
        ]

    def broadcast_text(self, text: str) -> str:
        """Return the text of rank 0."""
        return self.gather_texts(text if self.rank == 0 else "")[0]

    def announce(self, result: str) -> None:
        """Tell the other ranks how the run has ended, from rank 0."""
        self._store.set("result", result)

    def wait_for_result(self) -> str:
        """Return what rank 0 announces, however long it takes."""
        while True:
            try:
                if self._store.check(["result"]):
                    return str(self._store.get("result").decode())
                failed = self._store.check(["failed/0"])
            except RuntimeError as error:
                raise RankLostError(
                    f"rank 0 has gone ({_first_line(error)}). {_HOLDS_ON}", self._lowest({0})
                ) from None
            if failed:
                raise RankLostError(f"rank 0 has gone: {self._store.get('failed/0').decode()}")
            time.sleep(0.02)

    # ends

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """Frame a training: SIGTERM becomes an error, and a rank that ends badly tells the others why."""
        self._wishes = self._agreed = (0, 0)
        in_main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, self._ended_from_outside) if in_main else None
        try:
            yield
        except RankLostError:
            raise  # and SIGTERM waits until that is said
        except BaseException as error:
            text = " ".join(str(error).split())[:500] or type(error).__name__
            with contextlib.suppress(RuntimeError):
                self._store.set(f"failed/{self.rank}", text)
            self._restore(before)
            raise
        else:
            self._restore(before)

    def _restore(self, handler: Any) -> None:
        if handler is not None:
            signal.signal(signal.SIGTERM, handler)

    def _ended_from_outside(self, _number: int, _frame: Any) -> None:
        """Say who is missing: launchers end all ranks when one of them is gone."""
        raise self._gone("ended by its launcher")

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn a lost connection into one line."""
        try:
            yield
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            # they hold the group, which is to be closed
            traceback.clear_frames(error.__traceback__)
            raise self._gone(_first_line(error)) from None

    def _gone(self, reason: str) -> RankLostError:
        """Return the error for what ended the exchange: the ranks that no longer answer."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _after_last_words(time.monotonic() + LAST_WORDS_SECONDS))
        self._disconnect()
        missing, why = self._roll_call()
        if 0 in missing and not why:
            atexit.unregister(_leave)  # rank 0 will say nothing that could be cut short
        if not missing:
            return RankLostError(f"the exchange between the ranks failed ({reason}). {_HOLDS_ON}")
        who = "rank " + " and ".join(map(str, sorted(missing)))
        what = why or "killed, or its connection is lost"
        verb = "has" if len(missing) == 1 else "have"
        return RankLostError(f"{who} {verb} gone: {what}. {_HOLDS_ON}", self._lowest(missing))

    def _disconnect(self) -> None:
        """Close the connections: only a neighbor hears that a rank is lost, and others wait for the neighbor."""
        # NCCL would first wait for what can no longer arrive, and the group of a user is not ours to end
        if self._is_ours and not self._has_nccl and dist.is_initialized():
            self._texts = None  # a group closes with its last name
            dist.destroy_process_group()

    def _roll_call(self) -> tuple[set[int], str]:
        """Return the ranks that do not answer, and what the first of them said."""
        missing = set(range(self.size)) - {self.rank}
        end = time.monotonic() + ROLL_CALL_SECONDS
        try:
            self._store.set(f"there/{self.rank}", "")
            while missing and time.monotonic() < end:
                for other in sorted(missing):
                    if self._store.check([f"failed/{other}"]):
                        return {other}, self._store.get(f"failed/{other}").decode()
                    if self._store.check([f"there/{other}"]):
                        missing.discard(other)
                time.sleep(0.02)
        except RuntimeError:
            # rank 0 keeps the store: it is lost, or has answered and then left, with the same answers
            if 0 in missing:
                return {0}, ""
        return missing, ""

    def _lowest(self, missing: set[int]) -> int:
        return min(set(range(self.size)) - missing)


class _Total(torch.autograd.Function):
    """y = Σ_r x_r on all ranks. Every rank's loss depends on y, so dL/dx_r = Σ_s dL_s/dy."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, ranks: Ranks) -> torch.Tensor:
        ctx.ranks = ranks
        return ranks.add_up(values.clone())

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return ctx.ranks.add_up(gradient.clone(memory_format=torch.contiguous_format)), None


def _process_group(launch: Launch) -> tuple[Any, Any, bool]:
    """Return this launch's store of texts, the group that carries them, and whether all groups were made here.

    They live as long as the process, or until a rank is lost.
    """
    try:
        if not dist.is_initialized():
            found, _, _ = next(rendezvous("env://", timeout=PATIENCE))
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
                store=meet(found, launch, PATIENCE), rank=launch.rank, world_size=launch.size,
                timeout=PATIENCE,
            )  # fmt: skip
            _store().set(_OURS, "")
            atexit.register(_leave, _store(), launch)
        store = meet(_store(), launch, PATIENCE)
        group = dist.new_group(backend="gloo", timeout=PATIENCE)
        is_ours = _store().check([_OURS])
    except (RuntimeError, ValueError) as error:
        raise XentError(
            f"rank {launch.rank} of {launch.size} does not find the others: {_first_line(error)}. "
            "Check MASTER_ADDR and MASTER_PORT, and that all ranks were started."
        ) from None
    return store, group, is_ours


def _store() -> Any:
    # there is no public way to the store of a group, and a second one would need a port of its own
    return dist.distributed_c10d._get_default_store()  # noqa: SLF001


def _leave(store: Any, launch: Launch) -> None:
    """Let rank 0 have the last word, for a launcher that sees another rank end badly would cut it short.

    Rank 0 waits in turn: the store, in which the others may still read who is lost, can end with it.
    """
    with contextlib.suppress(RuntimeError):
        if launch.is_first:
            store.set("xent/bye", "")
        # before the wait, for rank 0 may itself wait for this rank, which has failed
        if dist.is_initialized():
            dist.destroy_process_group()
        if launch.is_first:
            others = [f"xent/left/{rank}" for rank in range(1, launch.size)]
            store.wait(others, timedelta(seconds=ROLL_CALL_SECONDS))
        else:
            store.wait(["xent/bye"], timedelta(seconds=FAREWELL_SECONDS))
            store.set(f"xent/left/{launch.rank}", "")


def _after_last_words(end: float) -> Callable[[int, Any], None]:
    """Return a handler of SIGTERM that lets a message be said and a record be written first."""

    def handle(_number: int, _frame: Any) -> None:
        if time.monotonic() > end:
            raise SystemExit(128 + signal.SIGTERM)

    return handle


def _as_wishes(reason: str) -> tuple[int, int]:
    """Return whether this rank was interrupted, and whether it wants to stop for another reason."""
    return int(reason == "interrupted"), int(reason not in {"", "interrupted"})


def _as_reason(wishes: tuple[int, int], own: str) -> str:
    if wishes[0]:
        return "interrupted"
    if not wishes[1]:
        return ""
    return own or "another rank asked for it"


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0].rstrip(".")[:300]
