"""Run the tests with exactly the pinned wheels. Python imports from a wheel as it is, uninstalled."""

import json
import os
import pathlib
import sys
import tempfile
import unittest
import urllib.request


def wheel(name, version, folder):
    index = os.environ["PIP_INDEX_URL"].rstrip("/")
    asked = urllib.request.Request(
        f"{index}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    with urllib.request.urlopen(asked) as answer:
        files = json.load(answer)["files"]
    file = next(one for one in files if one["filename"].startswith(f"{name}-{version}-"))
    path = pathlib.Path(folder, file["filename"])
    with urllib.request.urlopen(file["url"]) as answer:
        path.write_bytes(answer.read())
    return str(path)


with tempfile.TemporaryDirectory() as folder:
    for line in pathlib.Path("requirements.txt").read_text().splitlines():
        if pin := line.partition("#")[0].strip():
            sys.path.insert(0, wheel(*pin.split("=="), folder))
    outcome = unittest.main("test_storefront", exit=False, argv=["run_tests.py"])
sys.exit(not outcome.result.wasSuccessful())
