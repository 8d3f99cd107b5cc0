"""Say what would be recorded. Whether the host is there is looked at later, right before it is moved."""

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("host", "rack", "environment"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    print(
        json.dumps(
            {
                "summary": f"{given.host} is recorded in {given.rack}",
                "changes": [{"what": f"rack of {given.host}", "from": "", "to": given.rack}],
                "target": {"identity": f"inventory/{given.environment}/{given.host}", "revision": given.rack},
                "undo": "record where it stood before",
            }
        )
    )


if __name__ == "__main__":
    main()
