"""One download over HTTP. It continues an unfinished file if the server can, and refuses a web page."""

import os

CONNECT, READ = 5, 20
"""Seconds to wait for an answer, and for more data, before an address is given up."""


def download(url, path, *, progress=False):
    """Append what an address sends to ``path``, from where the file ends; start anew if the server can't continue.

    Args:
        url: the address.
        path: the file so far, or where there is none yet.
        progress: whether to show a bar.

    Raises:
        OSError: if ``TLCOURSE_OFFLINE=1``, the address can't be reached, stalls, breaks off, answers with an error or
            with a web page. What came until then stays in ``path``.
        ValueError: if ``path`` is already as long as the file at the address, or longer. ``path`` is then deleted.
    """
    if os.environ.get("TLCOURSE_OFFLINE") == "1":
        raise OSError("TLCOURSE_OFFLINE=1 forbids the network")
    import pooch

    have = path.stat().st_size if path.is_file() else 0
    try:
        with path.open("ab") as file:
            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
            hooks = {"response": lambda response, **options: _begin(response, file, have)}
            options = {"timeout": (CONNECT, READ), "headers": headers, "hooks": hooks}
            pooch.HTTPDownloader(progressbar=progress, **options)(url, file, pooch=None)
    finally:
        if not path.stat().st_size:
            path.unlink()


def _begin(response, file, have):
    """Look at an answer before its body is written."""
    if response.status_code == 416:
        file.truncate(0)
        raise ValueError("what is here is no beginning of the file")
    if response.status_code not in (200, 206):  # a redirect, or an error, which pooch raises
        return
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise OSError("a web page came instead of a file (is there a login?)")
    if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        file.truncate(0)
