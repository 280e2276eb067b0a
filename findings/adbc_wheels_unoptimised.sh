#!/bin/sh
# The Linux wheel of ADBC's PostgreSQL driver 1.13.0 is compiled without optimisation, and so are
# those since 1.10.0; 1.8.0 is optimised. std::move does nothing at run time, and an optimising
# compiler leaves none of it: in these wheels it stands more than a hundred times as a function of
# its own, called for each value that is read. Reading 1,000,000 rows of 13 columns takes several
# times the CPU of a decoder that is optimised. One would expect the reverse of a newer release.
# Seen in the wheels for manylinux x86_64.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
for version in 1.8.0 1.10.0 1.13.0; do
  "$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --only-binary=:all: --target="$folder/$version" "adbc-driver-postgresql==$version"
done
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check pyelftools==0.32
cat > "$folder/look.py" <<'PY'
import pathlib
import sys

from elftools.elf.elffile import ELFFile

MOVE = "_ZSt4move"


def functions(version):
    (library,) = pathlib.Path(sys.argv[1], version).rglob("libadbc_driver_postgresql.so*")
    with library.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        names = [symbol.name for symbol in symbols.iter_symbols()] if symbols else []
    return len(names), sum(name.startswith(MOVE) for name in names)


moves = {}
for version in ("1.8.0", "1.10.0", "1.13.0"):
    names, moves[version] = functions(version)
    print(f"adbc-driver-postgresql {version}: {moves[version]} of {names} symbols are std::move")
sys.exit(not (moves["1.8.0"] == 0 and moves["1.10.0"] > 100 and moves["1.13.0"] > 100))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
