"""Say what would be read. Whether the alert fires is looked at later, right before a model is asked."""

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("service", "environment", "alert"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    where = f"{given.alert} of {given.service} in {given.environment}"
    print(
        json.dumps(
            {
                "summary": f"metrics and logs around {where} are read; a model words the most likely cause",
                "changes": [],
                "target": {"identity": f"{given.service}@{given.environment}", "revision": given.alert},
                "undo": "nothing changes",
            }
        )
    )


if __name__ == "__main__":
    main()
