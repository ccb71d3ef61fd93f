"""The command line: `tillstream`. Expected errors are sentences and exit codes, no tracebacks."""

import sys

from streams.cli.output import FINDING, print_problems


def main() -> None:
    """Run the command of `sys.argv` and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    from schemas.errors import Unavailable
    from streams.cli.frame import build_app
    from streams.errors import EXIT_CONFIGURATION, ConfigurationError, places

    try:
        build_app()(arguments, prog_name="tillstream")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FINDING
    except ConfigurationError as error:
        print_problems(error.problems)
        return EXIT_CONFIGURATION
    except Unavailable as error:
        print_problems([f"not available: {error}"])
        return FINDING
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a traceback's text may repeat what was sent to us
        print_problems([f"defect: {type(error).__name__} at {' '.join(places(error)[-8:])}"])
        return FINDING
    return 0
