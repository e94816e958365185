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

MIPS = ["-D__mips__", "-D_ABIO32=1", "-D_ABIN32=2", "-D_ABI64=3", "-D_MIPS_SZINT=32"]
MIPS_O32 = ["-m32", "-malign-double", "-U__i386__", *MIPS, "-D__mips=32", "-D_MIPS_SIM=1", "-D_MIPS_SZLONG=32", "-D_MIPS_SZPTR=32"]
MIPS_N32 = ["-mx32", "-U__x86_64__", *MIPS, "-D__mips=64", "-D__mips64", "-D_MIPS_SIM=2", "-D_MIPS_SZLONG=32", "-D_MIPS_SZPTR=32"]
MIPS_N64 = ["-U__x86_64__", *MIPS, "-D__mips=64", "-D__mips64", "-D_MIPS_SIM=3", "-D_MIPS_SZLONG=64", "-D_MIPS_SZPTR=64"]
MIPS_BIG = ["-D__MIPSEB__", "-D__MIPSEB", "-D_MIPSEB"]
MIPS_LITTLE = ["-D__MIPSEL__", "-D__MIPSEL", "-D_MIPSEL"]
RISCV = ["-U__x86_64__", "-D__riscv", "-D__riscv_xlen=64", "-D__riscv_flen=64", "-D__riscv_float_abi_double"]
PPC64 = ["-U__x86_64__", "-D__powerpc__", "-D__powerpc64__"]

# In the order of arches.def: the name, the folder of its headers, what its compiler defines or its layout needs: where
# an arch of 32 bits aligns eight bytes to eight, or to two.
# loongarch64 is in no Debian 12 package; it was made of asm-generic headers alone, as riscv64 was.
ARCHES = {
    "x86_64": ("x86_64-linux-gnu", []),
    "i386": ("i686-linux-gnu", ["-m32"]),
    "x32": ("x86_64-linux-gnux32", ["-mx32"]),
    "arm": ("arm-linux-gnueabihf", ["-m32", "-malign-double", "-U__i386__", "-D__arm__", "-D__ARM_EABI__",
                                    "-D__ARM_PCS_VFP"]),
    "aarch64": ("aarch64-linux-gnu", ["-U__x86_64__", "-D__aarch64__"]),
    "riscv64": ("riscv64-linux-gnu", RISCV),
    "loongarch64": ("riscv64-linux-gnu", RISCV),
    "ppc64le": ("powerpc64le-linux-gnu", [*PPC64, "-D_CALL_ELF=2", "-D__LITTLE_ENDIAN__"]),
    "s390x": ("s390x-linux-gnu", ["-U__x86_64__", "-D__s390__", "-D__s390x__"]),
    "mips64el": ("mips64el-linux-gnuabi64", [*MIPS_N64, *MIPS_LITTLE]),
    "mips64": ("mips64-linux-gnuabi64", [*MIPS_N64, *MIPS_BIG]),
    "mips64eln32": ("mips64el-linux-gnuabin32", [*MIPS_N32, *MIPS_LITTLE]),
    "mips64n32": ("mips64-linux-gnuabin32", [*MIPS_N32, *MIPS_BIG]),
    "mipsel": ("mipsel-linux-gnu", [*MIPS_O32, *MIPS_LITTLE]),
    "mips": ("mips-linux-gnu", [*MIPS_O32, *MIPS_BIG]),
    "ppc64": ("powerpc64-linux-gnu", [*PPC64, "-D_CALL_ELF=1", "-D__BIG_ENDIAN__"]),
    "ppc": ("powerpc-linux-gnu", ["-m32", "-malign-double", "-U__i386__", "-D__powerpc__", "-D__BIG_ENDIAN__"]),
    "s390": ("s390x-linux-gnu", ["-m32", "-malign-double", "-U__i386__", "-D__s390__"]),
    "parisc": ("hppa-linux-gnu", ["-m32", "-malign-double", "-U__i386__", "-D__hppa__"]),
    "parisc64": ("hppa-linux-gnu", ["-U__x86_64__", "-D__hppa__"]),
    "m68k": ("m68k-linux-gnu", ["-m32", "-fpack-struct=2", "-U__i386__", "-D__m68k__"]),
    "sh": ("sh4-linux-gnu", ["-m32", "-U__i386__", "-D__sh__", "-D__SH4__", "-D__LITTLE_ENDIAN__"]),
    "sheb": ("sh4-linux-gnu", ["-m32", "-U__i386__", "-D__sh__", "-D__SH4__", "-D__BIG_ENDIAN__"]),
}


# Arches that are mostly alike: NAME* in a table is all of them.
FAMILIES = ("mips", "ppc", "s390", "parisc", "sh")


def family(prefix):
    return [arch for arch in ARCHES if arch.startswith(prefix)]


def families_of(arches):
    """These arches, a whole family by one word."""
    left, words = list(arches), []
    for prefix in FAMILIES:
        if all(arch in left for arch in family(prefix)):
            left = [arch for arch in left if not arch.startswith(prefix)]
            words.append(prefix + "*")
    return left + words


def named(text):
    """The arches that a table names: all, -NAME for every other, or a list with families; - for none."""
    if text in ("all", "-"):
        return list(ARCHES) if text == "all" else []
    words = text.lstrip("-").split(",")
    found = [arch for word in words for arch in (family(word[:-1]) if word.endswith("*") else [word])]
    return [arch for arch in ARCHES if arch not in found] if text[0] == "-" else found


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
