#!/bin/sh
# Prints the path of a Chromium for the page tests, after installing one if that is allowed.
set -eu
find_it() {
  for name in ${CHROMIUM:-} chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  return 1
}
find_it && exit
if [ "$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo"; else sudo="none"; fi
if [ "$sudo" != none ] && command -v apt-get >/dev/null; then
  { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends chromium; } >&2 || true
fi
find_it && exit
echo "The page tests need Chromium, and it could not be installed here." >&2
echo "Install the package chromium, or name a browser: make test CHROMIUM=/path/to/chrome" >&2
exit 1
