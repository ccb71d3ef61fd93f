"""Run vector files of single providers: `python -m tests.run_vectors FILE...`."""

import importlib
import json
import sys
from pathlib import Path

from processors.vectors import BadCase, run_case
from tests.support.modules import module_name

for file in sys.argv[1:]:
    document = json.loads(Path(file).read_text())
    name = document["provider"]
    module = importlib.import_module(f"processors.providers.{module_name(name)}")
    bad = 0
    for case in document["cases"]:
        try:
            result = run_case({name: module.PROVIDER}, name, case)
        except BadCase as problem:
            bad += 1
            print(name, case["name"], "BAD CASE", problem)
            continue
        reason = case["expect"].get("reason")
        if not result.agrees:
            bad += 1
            print(name, case["name"], result.difference, result.reason)
        elif reason and reason != result.reason:
            print(name, case["name"], "note: reason", result.reason, "expected", reason)
    print(name, len(document["cases"]), "cases,", bad, "bad")
