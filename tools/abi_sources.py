"""What the generators of src/abi share: where each arch's headers are, and how to ask them.

The headers are Debian's linux-libc-dev and libc6-dev with their -cross packages. They are read by the host's gcc,
told to be another arch by macros: it only preprocesses and evaluates constants, and never makes code for the arch.
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(TOP, "src", "abi")

# In the order of arches.def: the name, the folder of its headers, what its compiler defines or its layout needs.
# loongarch64 is in no Debian 12 package; it was made of asm-generic headers alone, as riscv64 was.
ARCHES = {
    "x86_64": ("x86_64-linux-gnu", []),
    "i386": ("i686-linux-gnu", ["-m32"]),
    "x32": ("x86_64-linux-gnux32", ["-mx32"]),
    "arm": ("arm-linux-gnueabihf", ["-m32", "-malign-double", "-U__i386__", "-D__arm__", "-D__ARM_EABI__",
                                    "-D__ARM_PCS_VFP"]),
    "aarch64": ("aarch64-linux-gnu", ["-U__x86_64__", "-D__aarch64__"]),
    "riscv64": ("riscv64-linux-gnu", ["-U__x86_64__", "-D__riscv", "-D__riscv_xlen=64", "-D__riscv_flen=64",
                                      "-D__riscv_float_abi_double"]),
    "loongarch64": ("riscv64-linux-gnu", ["-U__x86_64__", "-D__riscv", "-D__riscv_xlen=64", "-D__riscv_flen=64",
                                          "-D__riscv_float_abi_double"]),
    "ppc64le": ("powerpc64le-linux-gnu", ["-U__x86_64__", "-D__powerpc__", "-D__powerpc64__", "-D_CALL_ELF=2",
                                          "-D__LITTLE_ENDIAN__"]),
    "s390x": ("s390x-linux-gnu", ["-U__x86_64__", "-D__s390__", "-D__s390x__"]),
    "mips64el": ("mips64el-linux-gnuabi64", ["-U__x86_64__", "-D__mips__", "-D__mips=64", "-D_MIPS_SIM=3",
                                             "-D_ABIO32=1", "-D_ABIN32=2", "-D_ABI64=3", "-D_MIPS_SZLONG=64",
                                             "-D_MIPS_SZPTR=64", "-D_MIPS_SZINT=32", "-D__MIPSEL__", "-D__MIPSEL", "-D_MIPSEL",
                                             "-D__mips64"]),
}


def include_flags(arch):
    """The compiler's flags that put this arch's headers in place of the host's."""
    folder, flags = ARCHES[arch]
    own = subprocess.run(["gcc", "-print-file-name=include"], capture_output=True, text=True, check=True)
    path = "/usr/" + folder + "/include"
    if not os.path.isdir(path + "/linux") or not os.path.isdir(path + "/sys"):
        sys.exit(f"{path} is missing: install the packages that docs/abi.md lists")
    return ["-nostdinc", "-isystem", own.stdout.strip(), "-isystem", path, *flags]


def compile_for(arch, source, *flags):
    """Runs gcc on this source as seen on this arch."""
    return subprocess.run(["gcc", "-x", "c", "-D_GNU_SOURCE", "-w", *include_flags(arch), *flags, "-"],
                          input=source, capture_output=True, text=True)


def gcc(arch, source, *flags):
    """What gcc prints for this source as seen on this arch."""
    run = compile_for(arch, source, *flags, "-o", "-")
    if run.returncode != 0:
        sys.exit(f"{arch}: {run.stderr[:2000]}")
    return run.stdout


def macros(arch, source):
    """Every macro without parameters that this source's headers define, with its text."""
    found = {}
    for line in gcc(arch, source, "-E", "-dM").splitlines():
        match = re.match(r"#define (\w+)(?: (.*))?$", line)
        if match:
            found[match.group(1)] = match.group(2) or ""
    return found


def values(arch, source, names):
    """The values of those names that are integer constants after this source's headers, as signed 64-bit numbers."""
    while unusable := not_constant(arch, source, names):
        names = [name for name in names if name not in unusable]
    if not names:
        return {}
    assembly = gcc(arch, source + array(names), "-S", "-O0")
    body = re.search(r"^abi_values:\n((?:\t\.(?:quad|zero|long)\t.*\n)+)", assembly, flags=re.M).group(1)
    data = b""
    for directive, text in re.findall(r"\.(quad|zero|long)\t(\S+)", body):
        number, size = int(text, 0), {"quad": 8, "long": 4}.get(directive)
        data += bytes(number) if size is None else (number & (1 << 8 * size) - 1).to_bytes(size, "little")
    numbers = [int.from_bytes(data[i:i + 8], "little", signed=True) for i in range(0, len(data), 8)]
    if len(numbers) != len(names):
        sys.exit(f"{arch}: {len(names)} constants asked for, {len(numbers)} found")
    return dict(zip(names, numbers))


def array(names):
    """C that holds these constants in abi_values, each line of a number of its own."""
    lines = "".join(f"#line {number}\n(long long)({name}),\n" for number, name in enumerate(names, 1))
    return f"\n#line 1 \"abi_values\"\nconst long long abi_values[] = {{\n{lines}}};\n"


def not_constant(arch, source, names):
    """Those names that cannot be evaluated here, because they need a type or a macro that this arch lacks."""
    run = compile_for(arch, source + array(names), "-fsyntax-only", "-ftrack-macro-expansion=0", "-fmax-errors=0")
    lines = re.findall(r"^abi_values:(\d+):\d+: error: ", run.stderr, flags=re.M)
    if run.returncode != 0 and not lines:
        sys.exit(f"{arch}: {run.stderr[:2000]}")
    return {names[int(line) - 1] for line in lines}


def read_rows(name):
    """The rows of a table of src/abi: lists of fields, without comments and empty lines."""
    with open(os.path.join(DATA, name), encoding="ascii") as table:
        return [line.rstrip("\n").split("\t") for line in table if line.strip() and not line.startswith("#")]


def write_table(name, comment, rows):
    """Writes a table of src/abi: its comment, then a row a line."""
    folder = os.environ.get("ABI_OUT", DATA)
    with open(os.path.join(folder, name), "w", encoding="ascii") as table:
        for line in comment.strip().splitlines():
            table.write(("# " + line).rstrip() + "\n")
        for row in rows:
            table.write("\t".join(row) + "\n")
