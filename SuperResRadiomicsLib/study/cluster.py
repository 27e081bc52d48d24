"""The computers of a run: workers on this machine, or a Dask scheduler that is there already."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import StudyError

GPU = "GPU"
"""The resource that workers with a GPU offer: ``dask worker --resources GPU=1``."""
CONNECT_SECONDS = 30
LOOK_AGAIN_SECONDS = 5.0

_SETTINGS: dict[str, Any] = {
    # The run itself decides what becomes of a case whose worker died.
    "distributed.scheduler.allowed-failures": 0,
    # A worker holds one case at a time, so that its death puts one case in doubt.
    "distributed.scheduler.worker-saturation": 1.0,
}


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def open_client(workers: int | None, gpus: int, scheduler: str | None) -> Iterator[Any]:
    """Connect to workers for the time of a block.

    Args:
        workers: Worker processes on this machine, one thread each; one a core without it.
        gpus: How many of them have a GPU each, the first one the first GPU.
        scheduler: Address of a scheduler to use instead, such as ``tcp://host:8786``.

    Yields:
        A `distributed.Client`.

    Raises:
        StudyError: The scheduler does not answer.
    """
    import dask
    from distributed import Client
    from distributed.security import Security

    with dask.config.set(_SETTINGS):
        if scheduler is None:
            # A scheduler runs whatever code it is sent: only who holds this run's certificate may speak to it.
            security = Security.temporary()
            with (
                _local_cluster(workers or cores(), gpus, security) as cluster,
                Client(cluster, security=security, set_as_default=False) as client,
            ):
                yield client
            return
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise StudyError(
                f"No Dask scheduler answers at '{scheduler}': {error}. Start one with `dask scheduler` and give its "
                "address."
            ) from error
        with client:
            yield client


def _local_cluster(workers: int, gpus: int, security: Any) -> Any:
    """Worker processes on this machine; a nanny starts those that die again."""
    from distributed import Nanny, Scheduler, SpecCluster

    return SpecCluster(
        workers={
            number: {"cls": Nanny, "options": _worker_options(number, workers, gpus) | {"security": security}}
            for number in range(max(workers, gpus))
        },
        scheduler={
            "cls": Scheduler,
            "options": {"host": "tls://127.0.0.1", "port": 0, "dashboard": False, "security": security},
        },
        security=security,
        silence_logs=logging.CRITICAL,
    )


def _worker_options(number: int, workers: int, gpus: int) -> dict[str, Any]:
    from distributed.system import MEMORY_LIMIT

    share = MEMORY_LIMIT // max(workers, gpus)
    quiet = {"silence_logs": logging.CRITICAL, "dashboard": False}
    options: dict[str, Any] = {"nthreads": 1, "memory_limit": share, "host": "127.0.0.1", "protocol": "tls://", **quiet}
    if number < gpus:
        options |= {"resources": {GPU: 1}, "env": {"CUDA_VISIBLE_DEVICES": str(number)}}
    return options


class Fleet:
    """What the workers of a client can do; asked again now and then, since workers come and go."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._asked = -LOOK_AGAIN_SECONDS
        self._workers: list[dict[str, Any]] = []

    def wait(self) -> int:
        """Wait for the first worker; returns the number of threads of all."""
        self._client.wait_for_workers(1)
        self._asked = -LOOK_AGAIN_SECONDS
        return self.threads

    @property
    def threads(self) -> int:
        """Threads of all workers; at least 1, since a dead worker's successor may be on its way."""
        return max(1, sum(worker["nthreads"] for worker in self._look()))

    @property
    def has_gpus(self) -> bool:
        """Whether a worker offers a GPU."""
        return any(GPU in worker["resources"] for worker in self._look())

    def _look(self) -> list[dict[str, Any]]:
        if time.monotonic() - self._asked >= LOOK_AGAIN_SECONDS:
            self._workers = list(self._client.scheduler_info(n_workers=-1)["workers"].values())
            self._asked = time.monotonic()
        return self._workers
