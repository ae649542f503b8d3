"""Jobs on a Dask cluster: the same queue and report as here, on many machines."""

import os
from contextlib import contextmanager

from tlcourse.course.job import execute
from tlcourse.course.kernels import Kernels

LOCAL = "local"
"""In place of an address: a cluster of worker processes on this machine."""


@contextmanager
def workers_of(scheduler, count):
    """Give what runs jobs on a cluster, as a thread pool runs them here.

    A worker that ends in the middle of a job loses it, and the scheduler gives it to another. Each worker runs as many
    lessons at a time as it has threads; one is right. All workers need this checkout at the same path, with its
    environment, and the folder of the run: a shared file system.

    Args:
        scheduler: address such as ``"tcp://10.0.0.1:8786"``, or ``"local"``.
        count: worker processes of a local cluster.

    Yields:
        An object with ``submit`` and ``shutdown``.

    Raises:
        RuntimeError: if Dask is not installed, or no scheduler answers there.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise RuntimeError("A cluster needs Dask. Install it: pip install 'tlcourse[cluster]'.") from None
    if scheduler == LOCAL:
        options = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": None}
        with LocalCluster(**options) as cluster, Client(cluster) as client:
            yield client.get_executor(pure=False)
        return
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise RuntimeError(f"No scheduler answers at {scheduler} ({error}). Start one: dask scheduler.") from error
    with client:
        yield client.get_executor(pure=False)


def execute_there(job):
    """Run a job on a worker and return its entry of the report.

    Dask starts its workers with one thread of OpenMP and an allocator that gives memory back at once, and kernels would
    inherit that: slower, and with other sums. They get the machine's own settings, as without a cluster.
    """
    import dask.config

    for name, value in dask.config.get("distributed.nanny.pre-spawn-environ").items():
        if os.environ.get(name) == str(value):
            del os.environ[name]
    return execute(job, Kernels())
