from collections.abc import Iterator

import pytest
from hosting import HostProcess, hosting


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """One host for all: every test puts live what it needs and looks at differences."""
    with hosting(tmp_path_factory.mktemp("host")) as host:
        yield host
    assert host.errors() == ""
