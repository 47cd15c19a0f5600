#!/bin/sh
# The library and its examples, then the notebooks, then the built book and the packaging.
set -eu
python -m pytest -n 2 --dist loadfile implicitbias tests/*.py tests/explore --ledger _build/checked.json
python -m pytest -n 2 --dist loadscope -o addopts= -o filterwarnings= --nbval --nbval-current-env \
  --nbval-cell-timeout 120 --nbval-sanitize-with tests/notebooks/sanitize.cfg \
  -p tests.notebooks.arrays notebooks
python -m pytest -n 2 --dist loadfile tests/book tests/hosts tests/notebooks tests/packaging
