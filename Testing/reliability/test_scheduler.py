"""A scheduler runs what it is sent, so only the run that made it may speak to it."""

from __future__ import annotations

import pytest
from distributed import Client
from distributed.security import Security

from SuperResRadiomicsLib.study.cluster import open_client


@pytest.mark.slow
def test_only_the_run_itself_may_speak_to_its_scheduler():
    with open_client(1, 0, None) as client:
        address = client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        assert client.submit(sum, [1, 2]).result(timeout=120) == 3
        for other, security in ((address.replace("tls", "tcp"), None), (address, Security.temporary())):
            with pytest.raises((OSError, TimeoutError)):
                Client(other, timeout=3, security=security)
