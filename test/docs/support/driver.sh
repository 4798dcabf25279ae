# The session of a page: takes scripts from descriptor 3, each ended by a NUL, and runs them in this very shell; what
# they print goes to 1, followed by a NUL. Descriptor 5 is for the output of what runs in the background.
set -euo pipefail
exec </dev/null 2>&1
umask 022
cd /tmp/page
while IFS= read -r -d '' -u 3 script; do
  eval "$script" 3<&-
  printf '\0'
done
