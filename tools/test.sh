#!/bin/sh
# The library and its examples, then the notebooks, then the built book and the packaging.
set -eu
python -m pytest -n 2 --dist loadfile implicitbias tests/*.py tests/explore --ledger _build/checked.json
python -m pytest -n 2 --dist loadscope -o addopts= -o filterwarnings= --nbval --nbval-current-env \
  --nbval-cell-timeout 120 --nbval-sanitize-with tests/notebooks/sanitize.cfg \
  -p tests.notebooks.arrays notebooks
# The longest files first, so that neither process waits long for the other at the end.
python -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
  tests/book/test_pages.py tests/packaging tests/hosts tests/book tests/notebooks
