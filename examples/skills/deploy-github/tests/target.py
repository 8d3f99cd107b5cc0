"""A small GitHub (`github.py` says what it is and is not). Ends with TERM or with its standard input."""

import json
import os
import signal
import sys

from github import Repository, serve

TOKEN = "ghp_of_a_test_that_opens_nothing_else"  # noqa: S105


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    api, logs = serve(Repository(), TOKEN)
    variables = {"GITHUB_API_URL": api, "GITHUB_LOG_HOSTS": logs, "GITHUB_TOKEN": TOKEN}
    print(json.dumps(variables | {"GITHUB_POLL_SECONDS": "0.1"}), flush=True)
    while os.read(0, 1024):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
