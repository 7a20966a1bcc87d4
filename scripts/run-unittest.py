#!/usr/bin/env python3
"""Runs a folder of unittest tests and writes what happened as JSON: {"passed": N, "failed": [name], "skipped": [name]}.

Each test counts once, however many of its subtests fail. A module that can't be imported, and a class or module
fixture that fails, is a failure under its own name.
"""
import argparse
import json
import sys
import unittest


class Recorder(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.started = set()

    def startTest(self, test):
        super().startTest(test)
        self.started.add(test.id())


def name(test):
    """Of the test that a subtest belongs to."""
    return getattr(test, "test_case", test).id()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", required=True, help="file to write")
    parser.add_argument("directory", help="folder of test_*.py")
    arguments = parser.parse_args()

    suite = unittest.TestLoader().discover(arguments.directory)
    result = unittest.TextTestRunner(resultclass=Recorder, verbosity=1).run(suite)
    failed = {name(test) for test, _ in result.failures + result.errors}
    failed |= {f"{test.id()} (expected to fail, and didn't)" for test in result.unexpectedSuccesses}
    skipped = {name(test): reason for test, reason in result.skipped}
    # What was expected to fail, and did, has shown nothing of the product: it counts as skipped.
    skipped.update({test.id(): "expected failure" for test, _ in result.expectedFailures})
    passed = result.started - failed - skipped.keys() - {test.id() for test in result.unexpectedSuccesses}
    with open(arguments.report, "w", encoding="utf-8") as report:
        json.dump(
            {
                "passed": len(passed),
                "failed": sorted(failed),
                "skipped": [f"{test} [skipped: {reason}]" for test, reason in sorted(skipped.items())],
            },
            report,
        )
    return 0 if not failed else 1


if __name__ == "__main__":
    sys.exit(main())
