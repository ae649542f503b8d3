"""Start kernels, wait until they answer, and end every one of them."""

import logging
import os
from contextlib import contextmanager, suppress

from tlcourse.lesson import RUNNER

QUIET_KERNEL = ["--IPKernelApp.log_level=ERROR"]
"""Kernels talk over the loopback interface; ipykernel warns of that at every start."""

STARTS = 3
"""How often we try to start a kernel: another process may have taken its port. A cell is never tried again."""


class Kernels:
    """The kernels that are running, so that none is left behind."""

    def __init__(self):
        for chatty in ("papermill", "traitlets"):  # what they say of a dead kernel the report says in a line
            logging.getLogger(chatty).setLevel(logging.CRITICAL)
        self.ending = False
        self._running = set()

    @contextmanager
    def started(self, folder, backend):
        """Yield the manager of a new kernel that answers, in a folder, with a backend of Keras; end it afterwards."""
        from jupyter_core.utils import run_sync

        environment = {**os.environ, RUNNER: "1", "KERAS_BACKEND": backend}
        manager = _start(cwd=str(folder), env=environment)
        self._running.add(manager)
        try:
            if self.ending:
                raise InterruptedError("The run was interrupted before this lesson began.")
            yield manager
        finally:
            self._running.discard(manager)
            run_sync(manager.shutdown_kernel)(now=True)

    def end(self):
        """Kill every kernel, and let none start."""
        self.ending = True
        for manager in list(self._running):
            with suppress(OSError, AttributeError):  # it may be gone already
                manager.provisioner.process.kill()


def _start(**options):
    from jupyter_client.manager import start_new_async_kernel
    from jupyter_core.utils import run_sync

    for tries_left in reversed(range(STARTS)):
        try:
            manager, client = run_sync(start_new_async_kernel)(
                kernel_name="python3", extra_arguments=QUIET_KERNEL, **options
            )
        except (RuntimeError, OSError) as error:
            if not tries_left:
                raise RuntimeError(f"No kernel started in {STARTS} attempts: {error}") from error
        else:
            client.stop_channels()
            return manager
