# shellcheck shell=bash
# What this process may use of the machine: processors and memory, as affinity and control groups (versions 1 and 2)
# leave it. The program itself asks runtime/process for the same; this is for what runs before it is built. Sourced by
# bash. ROOT stands for "/", so that tests bring trees of their own.

# control_groups CONTROLLER [ROOT]: a line "VERSION FOLDER" for each group that limits this process, its own first.
control_groups() {
  local controller=$1 root=${2-} path='' unified='' version='' names group
  [[ -r $root/proc/self/cgroup && -r $root/proc/self/mountinfo ]] || return 0
  while IFS=: read -r _ names group; do
    if [[ ,$names, == *,$controller,* ]]; then
      version=1 path=$group
      break
    fi
    [[ -z $names ]] && unified=$group
  done <"$root/proc/self/cgroup"
  [[ -z $version && -n $unified ]] && version=2 path=$unified
  [[ -n $version ]] || return 0

  local line fields rest type options part='' folder=''
  while read -r line; do
    [[ $line == *' - '* ]] || continue
    read -ra fields <<<"${line%% - *}"
    read -r type _ options <<<"${line#* - }"
    if [[ $version == 2 && $type == cgroup2 || $version == 1 && $type == cgroup && ,$options, == *,$controller,* ]]; then
      part=$(printf '%b' "${fields[3]//\\/\\0}") folder=$(printf '%b' "${fields[4]//\\/\\0}")
      break
    fi
  done <"$root/proc/self/mountinfo"
  [[ -n $folder ]] || return 0

  # Within what is mounted; a path that leads elsewhere is taken for its top.
  rest=$path
  if [[ $path == *'/..'* || $path == / ]]; then
    rest=''
  elif [[ $part != / ]]; then
    if [[ $path == "$part"/* ]]; then rest=${path#"$part"}; else rest=''; fi
  fi
  while true; do
    printf '%s %s\n' "$version" "$root$folder$rest"
    [[ -n $rest ]] || break
    rest=${rest%/*}
  done
}

# usable_processors [ROOT]: what nproc says by affinity, or the least CPU quota, rounded, where that is less.
usable_processors() {
  local allowed version folder used period quota
  allowed=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  while read -r version folder; do
    used='' period=''
    if [[ $version == 2 ]]; then
      [[ -r $folder/cpu.max ]] && read -r used period <"$folder/cpu.max"
    else
      [[ -r $folder/cpu.cfs_quota_us ]] && read -r used <"$folder/cpu.cfs_quota_us"
      [[ -r $folder/cpu.cfs_period_us ]] && read -r period <"$folder/cpu.cfs_period_us"
    fi
    [[ $used =~ ^[1-9][0-9]*$ && $period =~ ^[1-9][0-9]*$ ]] || continue
    quota=$(((2 * used + period) / (2 * period)))
    ((quota < 1)) && quota=1
    ((quota < allowed)) && allowed=$quota
  done < <(control_groups cpu "${1-}")
  echo "$allowed"
}

# available_kib [ROOT]: memory that can still be taken, of the machine and within the limits of the control groups.
available_kib() {
  local root=${1-} kib version folder limit used cached left
  kib=$(awk '/^MemAvailable:/ {print $2}' "$root/proc/meminfo")
  while read -r version folder; do
    limit='' used=''
    if [[ $version == 2 ]]; then
      [[ -r $folder/memory.max && -r $folder/memory.current ]] || continue
      read -r limit <"$folder/memory.max"
      read -r used <"$folder/memory.current"
    else
      [[ -r $folder/memory.limit_in_bytes && -r $folder/memory.usage_in_bytes ]] || continue
      read -r limit <"$folder/memory.limit_in_bytes"
      read -r used <"$folder/memory.usage_in_bytes"
    fi
    [[ $limit =~ ^[0-9]{1,18}$ && $used =~ ^[0-9]{1,18}$ ]] || continue
    # What files cache counts as used, but is given back when it is needed.
    cached=$(awk '$1 == "inactive_file" || $1 == "total_inactive_file" {n = $2} END {print n + 0}' "$folder/memory.stat" 2>/dev/null || echo 0)
    left=$(((limit - used + cached) / 1024))
    ((left < 0)) && left=0
    ((left < kib)) && kib=$left
  done < <(control_groups memory "$root")
  echo "$kib"
}
