#!/bin/sh
# The tests, in order of speed to tell: library and its examples, notebooks, then book and packaging.
set -eu
pytest -n 2 --dist loadfile implicitbias tests/*.py tests/explore --ledger _build/checked.json
pytest -n 2 --dist loadscope -p no:doctest -W default --nbval --nbval-current-env --nbval-cell-timeout 120 \
  --nbval-sanitize-with tests/notebooks/sanitize.cfg notebooks
pytest -n 2 --dist loadfile tests/book tests/notebooks tests/packaging
