#!/usr/bin/env bash
# Make a virtual environment and install one set of pinned requirements into it: set_up.sh FOLDER demo|dev
# Does nothing where the folder holds these very pins already, or where SETUP=skip.
set -euo pipefail

venv=$1
set=$2
pins=requirements/$set.txt
installed=$venv/pins

mkdir -p "$HOME" "$TMPDIR"
if [ "${SETUP:-auto}" = skip ]; then
    exit 0
fi

# The demonstration's pins are a part of the developers' pins.
for done in "$set" dev; do
    if cmp -s "requirements/$done.txt" "$installed/$done.txt"; then
        exit 0
    fi
done

# The developers' tools run on ansible-core 2.19, which knows no later Python than 3.13; one play of it does on 3.14.
pythons=(3.11 3.12 3.13)
if [ "$set" = demo ]; then
    pythons+=(3.14)
fi

fits() {
    "$1" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv)' "${pythons[@]}" 2>/dev/null
}

# Debian's python3 comes without venv, which is a package of its own: take any other way that this machine has.
make_venv() {
    local python
    for python in "${PYTHON_FOR_VENV:-python3}" "${pythons[@]/#/python}"; do
        fits "$python" || continue
        if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            "$python" -m venv "$venv" && return
        elif "$python" -m virtualenv --version >/dev/null 2>&1; then
            "$python" -m virtualenv --quiet "$venv" && return
        elif "$python" -m pip --version >/dev/null 2>&1; then
            "$python" -m venv --without-pip "$venv" && "$python" -m pip --quiet --python "$venv/bin/python" install pip && return
        fi
    done
    echo "None of Python ${pythons[*]} can make a virtual environment here." >&2
    echo "On Debian, 'apt install python3-venv' brings what is missing; PYTHON_FOR_VENV=/path/to/python3.11 names another interpreter." >&2
    return 1
}

echo "Setting up $venv with $pins"
if ! fits "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    make_venv
fi
# The pins are complete: there is nothing to resolve.
"$venv/bin/python" -m pip install --quiet --no-deps --requirement "$pins"
mkdir -p "$installed"
cp "$pins" "$installed/$set.txt"
