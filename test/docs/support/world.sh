#!/usr/bin/env bash
# The machine on which a page is run: this one's files, of which every change is forgotten, without its network, its
# processes and what is in its directories for sites. To be started by `unshare` in namespaces of its own.
# usage: world.sh EMPTY_DIRECTORY REPOSITORY NODE
set -euo pipefail
readonly base=$1 repository=$2 node=$3
readonly new=$base/root

mount -t tmpfs -o mode=755 page "$base"
mkdir "$base/upper" "$base/work" "$new"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$new"
mount -t proc proc "$new/proc"
mount --rbind /sys "$new/sys"
mount --rbind /dev "$new/dev"
# SIOCSIFFLAGS of IFF_UP and IFF_RUNNING, where iproute2 is not installed.
ip link set lo up 2>/dev/null ||
  python3 -c "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 1 | 64))"

# Whether a path is in the directory $2.
below() { [[ $1/ == "$2"/* ]]; }

for directory in /tmp /run /home /srv /var/www /usr/local/lsws; do
  mkdir -p "$new$directory"
  if below "$repository" "$directory" || below "$node" "$directory"; then continue; fi
  mount -t tmpfs -o mode=755 page "$new$directory"
done
chmod 1777 "$new/tmp"

# What lies on a file system of its own is not in the overlay.
if [[ $(stat -c %m "$repository") != / ]]; then
  mkdir "$base/upper-repository" "$base/work-repository"
  mkdir -p "$new$repository"
  mount -t overlay -o "lowerdir=$repository,upperdir=$base/upper-repository,workdir=$base/work-repository" \
    overlay "$new$repository"
fi
if [[ $(stat -c %m "$node") != / ]] && ! below "$node" "$repository"; then
  mkdir -p "$new$(dirname "$node")"
  mount --bind "$(dirname "$node")" "$new$(dirname "$node")"
fi

# As `npm install --global lsapi` would leave it.
mkdir -p "$new/usr/local/lib/node_modules" "$new/usr/local/bin" "$new/usr/local/stand-ins" "$new/tmp/lshttpd"
ln -sfn "$repository" "$new/usr/local/lib/node_modules/lsapi"
ln -sf ../lib/node_modules/lsapi/dist/cli/main.js "$new/usr/local/bin/lsnode"
[[ $node == /usr/local/bin/node ]] || ln -sf "$node" "$new/usr/local/bin/node"
chmod +x "$new$repository/dist/cli/main.js"
for command in "$repository"/test/docs/support/commands/*; do
  cp "$command" "$new/usr/local/stand-ins/"
done
# An answer that tells of an error is one, and nothing hangs.
printf '%s\n' fail silent show-error 'max-time = 60' >"$new/root/.curlrc"
mkdir -p "$new/tmp/page/node_modules/.bin"
ln -s "$repository" "$new/tmp/page/node_modules/lsapi"
ln -s ../lsapi/dist/cli/main.js "$new/tmp/page/node_modules/.bin/lsnode"

# Not `exec`: process 1 of the namespace is one that adopts, and takes no part otherwise.
chroot "$new" /usr/bin/env -i HOME=/root USER=root LANG=C.UTF-8 TERM=dumb REPOSITORY="$repository" \
  PATH="/usr/local/stand-ins:/usr/local/bin:$(dirname "$node"):/usr/sbin:/usr/bin:/sbin:/bin" \
  npm_config_offline=true npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false \
  /bin/bash "$repository/test/docs/support/driver.sh"
