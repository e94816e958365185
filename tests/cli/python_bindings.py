#!/usr/bin/env python3
"""Prints a line `ok WHAT` or `not ok WHAT` for each thing that the bindings do; the argument is tests/abi/interface.d."""

import ctypes
import os
import pathlib
import re
import struct
import sys
import tempfile
import traceback

import callgate

POLICY = """kernel 6.1
arch x86_64
default errno EPERM
allow read, write, exit_group
errno EACCES openat if flags & O_ACCMODE != O_RDONLY
allow openat
"""
LAUNCH = """kernel 6.1
default allow
errno EUCLEAN uname
"""


def check(what, answer, *detail):
    print(f"{'ok' if answer else 'not ok'} {what}", *([] if answer else detail), flush=True)


def layouts_are_those_of_the_headers():
    kept = {}
    for line in "".join(path.read_text() for path in pathlib.Path(sys.argv[1]).glob("*.txt")).splitlines():
        found = re.match(r"(?:struct |  )(callgate_[\w.]+): (?:at (\d+), )?(\d+) bytes", line)
        if found:
            kept[found[1]] = (int(found[2]) if found[2] else None, int(found[3]))
    for name in ("Error", "Action", "PolicyOptions", "SubjectOptions", "FilterOptions", "Explanation", "Difference",
                 "Finding", "Refusal", "RunOptions", "RunReport"):
        made = getattr(callgate, "_" + name)
        struct_name = "callgate" + re.sub(r"([A-Z])", lambda letter: "_" + letter[1].lower(), name)
        expected = [(f"{struct_name}.{field}", (getattr(made, field).offset, getattr(made, field).size))
                    for field, _ in made._fields_] + [(struct_name, (None, ctypes.sizeof(made)))]
        check(f"{struct_name} has the layout of the header", all(kept.get(key) == value for key, value in expected),
              [(key, value, kept.get(key)) for key, value in expected if kept.get(key) != value])


def questions_are_answered():
    subject = callgate.Subject.parse(POLICY, "test.policy")
    check("a policy is a policy", subject.kind == "policy" and subject.name == "test.policy")
    check("simulate", subject.simulate("x86_64:openat(0, 0, O_RDWR)") == "errno EACCES")
    explained = subject.explain("x86_64:read(0)")
    check("explain", explained.action == "allow" and explained.line == 4 and explained.rule.startswith("allow read"))
    check("show", "openat" in subject.show() and "ret" in subject.show("asm"))
    other = callgate.Subject.parse(POLICY.replace("read, ", ""))
    differences = subject.diff(other)
    check("diff", [(one.syscall, one.b) for one in differences] == [("read", "errno EPERM")], differences)
    check("diff of equals", subject.diff(callgate.Subject.parse(POLICY)) == [])
    holes = callgate.Subject.parse("kernel 6.1\ndefault allow\nerrno EPERM openat\n").check()
    check("check", any(hole.rule == "io-uring-open" and hole.severity == "error" and "io_uring_setup" in hole.witness
                       for hole in holes), holes)
    check("format", callgate.format("kernel 6.1\ndefault   allow\n") == "kernel 6.1\ndefault allow\n")


def filters_are_made():
    subject = callgate.Subject.parse(POLICY)
    program = subject.compile().program
    code = struct.unpack_from("=H", program)[0]
    check("compile", len(program) % 8 == 0 and code == 0x20)
    again = callgate.Subject.parse(program)
    check("a raw filter is one, and equal", again.kind == "bpf" and subject.diff(again) == [])
    check("as C", "callgate_confine" in subject.compile().as_c())
    elsewhere = callgate.Subject.parse(subject.compile(arches=["aarch64"]).program)
    check("other arches", elsewhere.simulate("aarch64:read()") == "allow")
    profile = subject.convert("oci")
    check("convert", '"SCMP_ACT_ALLOW"' in profile.text and isinstance(profile.differences, list))
    check("convert to bytes", subject.convert("bpf").text == program)


def mistakes_are_exceptions():
    try:
        callgate.Subject.parse("kernel 6.1\ndefault allow\nallow opne\n", "typo.policy")
        check("a misspelt call raises", False)
    except callgate.Error as error:
        check("a misspelt call raises", str(error) == "typo.policy:3:7: unknown syscall 'opne' (did you mean 'open'?)", error)
        check("  with its place", (error.line, error.col, error.status) == (3, 7, -3))
    try:
        callgate.Subject.parse("x", kind="elf")
        check("an unknown kind raises", False)
    except ValueError as error:
        check("an unknown kind raises", "elf" in str(error))


def programs_run_confined():
    subject = callgate.Subject.parse(LAUNCH)
    told = []
    report = subject.run(["sh", "-c", "exit 7"], refused=told.append)
    check("run gives the status", report.exit_status == 7 and told == [] and not report.signalled, report)
    killing = callgate.Subject.parse(LAUNCH.replace("errno EUCLEAN uname", "kill-process uname"))
    report = killing.run(["uname"], refused=told.append)
    check("run tells what was refused", report.exit_status == 159 and [one.syscall for one in told] == ["uname"], report)
    with tempfile.TemporaryFile() as file:
        report = subject.run(["sh", "-c", 'test "$KEPT$SET" = ab -a -z "$OTHER"'], keep=["KEPT"], set={"SET": "b"},
                             environment=dict(os.environ, KEPT="a", OTHER="c"), folder="/", pass_fds=[file.fileno()])
    check("run chooses the environment", report.exit_status == 0, report)


def a_process_confines_itself():
    pid = os.fork()
    if pid == 0:
        callgate.Subject.parse("kernel 6.1\ndefault allow\nerrno EDOM getpgid\n").compile().load()
        try:
            os.getpgid(0)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    check("load confines this process", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 33)


for test in (layouts_are_those_of_the_headers, questions_are_answered, filters_are_made, mistakes_are_exceptions,
             programs_run_confined, a_process_confines_itself):
    try:
        test()
    except Exception:  # an exception of the bindings is what is looked for
        check(test.__name__, False, traceback.format_exc().replace("\n", " | "))
