#!/usr/bin/env bash
# Run the targets of the read-only modules twice: with the modules in the controller's process, and by themselves, which
# a variable in the environment of every task brings about. What a user can see must be the same.
set -euo pipefail

# One line for each task of a module that ran in the controller's process.
in_process="Running compshare.cloud.[a-z_]* in the controller's process"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export ANSIBLE_ROLES_PATH=.. ANSIBLE_NOCOLOR=1 ANSIBLE_CALLBACK_RESULT_FORMAT=json
export ANSIBLE_VAULT_PASSWORD_FILE=vault_password.txt
printf '{"profiles": {}}' > "$folder/config.json"
export COMPSHARE_CONFIG_FILE="$folder/config.json"
export PYTHONHASHSEED=0  # some messages of ansible-core list a set

# Show what differs from run to run by its kind: keys, request ids, times, durations and files. Leave out how a module
# was started, and how often one in the background got a signal.
masked() {
    sed -E \
        -e 's/[a-z]+-(public|private)-key-[0-9a-zA-Z-]+/KEY/g; s/The key …[0-9]+/The key KEY/g' \
        -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g' \
        -e 's/(20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ]|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} )[0-9:.]+Z?/TIME/g' \
        -e 's/compshare_other_python_[0-9]+/PYTHON/g' \
        -e 's/j[0-9]{6,}\.[0-9]+/JOB/g; s/"elapsed": [0-9.]+/"elapsed": SECONDS/' \
        -e 's|"[^"]*/ansible-tmp-[^"]*"|"FILE"|g; s/"_original_basename": .*/"_original_basename": "FILE"/' \
        -e "/^(<[^>]*>|ASYNC POLL on|Using module file|Pipelining is enabled|$in_process)/d"
}

# run TARGET OUTPUT ENVIRONMENT-OF-TASKS
run() {
    ansible-playbook -i "$INVENTORY_PATH" target.yml -e @../../integration_config.yml -e @vaulted.yml \
        -e "target=$1" -e "output_dir=$OUTPUT_DIR" -e "{\"task_environment\": $3}" -vvv > "$2" 2>&1 || { cat "$2"; return 1; }
}

# compare TARGET EXPECTED: so many modules run in the controller's process, or "all" that are not run with async.
compare() {
    local here="$folder/here" apart="$folder/apart" expected=$2 found
    run "$1" "$here" '{}' &
    run "$1" "$apart" '{"SOME_VARIABLE": "some value"}'
    wait $!
    if [ "$expected" = all ]; then
        expected=$(($(grep -c 'Using module file .*/compshare_' "$here") - $(grep -c 'ASYNC OK' "$here" || true)))
    fi
    found="$(grep -c "$in_process" "$here" || true) $(grep -c "$in_process" "$apart" || true)"
    if [ "$expected" = 0 ] || [ "$found" != "$expected 0" ]; then
        echo "$1: of the modules, $found ran in the controller's process; that should be $expected 0"
        return 1
    fi
    diff <(masked < "$here") <(masked < "$apart")
    echo "$1: $expected modules in the controller's process, and by themselves, with the same results"
}

for target in compshare_image_info compshare_instance_info compshare_instance_type_info; do
    compare "$target" all
done
compare module_keywords 23
ANSIBLE_STRATEGY=free compare compshare_instance_type_info all
