"""Run a service from a checkout, and never outlive the host. A script of its own, standard library only.

Standard input is a pipe whose other end the host holds and never writes to. However the host ends, kill -9
included, the kernel closes that end and the read below returns: no service is left behind, on any Unix, and
the service's own code knows nothing of it.
"""

import os
import runpy
import sys
import threading
from pathlib import Path


def end_with_the_host() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    checkout = Path(sys.argv[1])
    threading.Thread(target=end_with_the_host, daemon=True).start()
    sys.path.insert(0, str(checkout))
    runpy.run_path(str(checkout / "app.py"), run_name="__main__")
