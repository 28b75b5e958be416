# Runs the manager of a user's services as it is, in mounts of its own, and costtop's unit under it.
# Needs root, systemd and a kernel with cgroup2; nothing of it is seen outside. Run by test_live_unit.
#   live_unit.sh FOLDER PYTHON
set -u
export XDG_RUNTIME_DIR=$1/run
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
mount -t tmpfs none /run && mkdir -p /run/systemd/system || exit 77
umount -l /sys/fs/cgroup/unified 2>/dev/null
umount -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup || exit 77
own=/sys/fs/cgroup/costtop-test-$$
mkdir -p "$own/u" && echo $$ >"$own/u/cgroup.procs" || exit 77

/lib/systemd/systemd --user --unit=basic.target >"$1/manager.log" 2>&1 &
manager=$!
for _ in $(seq 60); do
  up=$(systemctl --user is-system-running 2>/dev/null)
  [ "$up" = running ] || [ "$up" = degraded ] && break
  sleep 0.5
done
[ "$up" = running ] || [ "$up" = degraded ] || exit 77

costtop() { "$2" -P -m costtop "${@:3}"; }
ask() { systemctl --user show "$name" -p "$1" --value; }
reached() { for _ in $(seq 120); do [ "$(ask "$1")" = "$2" ] && break; sleep 0.25; done; }
name=$(costtop "$@" service status --json | "$2" -c 'import json, sys; print(json.load(sys.stdin)["name"])')

cd /
costtop "$@" service install
reached ActiveState active
echo "installed: $(ask Type) $(ask ActiveState) pid $(ask MainPID)"
kill -9 "$(ask MainPID)"
reached NRestarts 1
reached ActiveState active
echo "killed: $(ask NRestarts) $(ask ActiveState) pid $(ask MainPID)"
costtop "$@" status
costtop "$@" stop
reached ActiveState inactive
echo "stopped: $(ask ActiveState) $(ask Result)"
costtop "$@" start
echo "started: $(ask ActiveState) pid $(ask MainPID)"
costtop "$@" service remove
echo "removed: $(ask LoadState)"
kill "$manager"
wait "$manager"
echo $$ >/sys/fs/cgroup/cgroup.procs
find "$own" -depth -type d -exec rmdir {} + 2>/dev/null
exit 0
