"""Say what would be silenced. What fires is looked at later, right before the silence is made."""

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("service", "environment", "duration"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    where = f"{given.service} in {given.environment}"
    labels = f'service="{given.service}", environment="{given.environment}"'
    print(
        json.dumps(
            {
                "summary": f"alerts of {where} are silenced for {given.duration}",
                "changes": [{"what": "silences", "from": "", "to": f"{{{labels}}} for {given.duration}"}],
                "target": {"identity": f"{given.service}@{given.environment}", "revision": labels},
                "undo": "end the silence",
            }
        )
    )


if __name__ == "__main__":
    main()
