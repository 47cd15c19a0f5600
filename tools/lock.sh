#!/bin/sh
# Remakes requirements.lock from requirements.txt, for every supported Python and platform.
set -eu
{
  echo "# Made from requirements.txt by \`make lock\`; \`make\` installs it."
  grep -v '^-e' requirements.txt |
    uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url -
} > requirements.lock.new
mv requirements.lock.new requirements.lock
