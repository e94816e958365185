"""Policies, filters and confined programs from Python: libcallgate by ctypes, in one file.

    import callgate

    subject = callgate.Subject.open("web.policy")          # or parse(text), or a profile, a raw filter, "pid:12"
    subject.simulate("openat(AT_FDCWD, 0, O_RDWR)")        # 'errno EPERM'
    subject.explain("execve(0)").reason                    # 'no rule lists execve, so that `default` decides'
    for difference in subject.diff(other): print(difference.syscall, difference.a, difference.b, difference.witness)
    subject.convert("oci").text                            # proved: .differences is empty
    subject.run(["sqlite3", "shop.db"]).exit_status        # a program, confined
    subject.compile().load()                               # this very process, for good

What fails raises callgate.Error with the library's sentence, hint and place. The library is libcallgate.so.0, or what
CALLGATE_LIBRARY names. Layouts are those of callgate's headers; the tests compare them.
"""

import collections
import ctypes
import os

_lib = ctypes.CDLL(os.environ.get("CALLGATE_LIBRARY") or "libcallgate.so.0", use_errno=True)
_libc = ctypes.CDLL(None)
_libc.free.argtypes = [ctypes.c_void_p]

_p, _size, _text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p


class _Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("os_errno", ctypes.c_int), ("file", ctypes.c_char * 256),
                ("line", ctypes.c_uint), ("col", ctypes.c_uint), ("message", ctypes.c_char * 512),
                ("hint", ctypes.c_char * 256)]


class _Action(ctypes.Structure):
    _fields_ = [("ret", ctypes.c_uint32)]


class _PolicyOptions(ctypes.Structure):
    _fields_ = [("group_folder", _text), ("phase", _text)]


class _SubjectOptions(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("policy", _PolicyOptions), ("capabilities", ctypes.POINTER(_text)),
                ("capability_count", _size), ("kernel", ctypes.c_uint16), ("may_be_unknown", ctypes.c_bool),
                ("nodes_max", _size)]


class _FilterOptions(ctypes.Structure):
    _fields_ = [("arches", _text), ("frequency", _p), ("no_bitmap", ctypes.c_bool),
                ("has_launch_secret", ctypes.c_bool), ("launch_secret", ctypes.c_uint64)]


class _Explanation(ctypes.Structure):
    _fields_ = [("action", _Action), ("call", ctypes.c_char * 512), ("by_rule", ctypes.c_bool),
                ("listed", ctypes.c_bool), ("file", ctypes.c_char * 256), ("line", ctypes.c_uint),
                ("filter", ctypes.c_uint), ("insn", ctypes.c_uint), ("rule", ctypes.c_char * 512),
                ("reason", ctypes.c_char * 1024)]


class _Difference(ctypes.Structure):
    _fields_ = [("arch", _text), ("is_native", ctypes.c_bool), ("syscall", _text), ("condition", _text),
                ("a", _Action), ("b", _Action), ("witness", _text), ("a_rules", _text), ("b_rules", _text)]


class _Finding(ctypes.Structure):
    _fields_ = [("rule", _text), ("severity", ctypes.c_int), ("heuristic", ctypes.c_bool), ("detail", _text),
                ("witness", _text), ("action", _text), ("file", _text), ("line", ctypes.c_uint), ("reason", _text),
                ("remedy", _text), ("where", _text)]


class _Edit(ctypes.Structure):
    _fields_ = [("rule", ctypes.c_char * 512), ("file", ctypes.c_char * 256), ("line", ctypes.c_uint),
                ("opens", ctypes.c_char * 1024)]


class _Refusal(ctypes.Structure):
    _fields_ = [("time_ns", ctypes.c_int64), ("pid", ctypes.c_int), ("tid", ctypes.c_int),
                ("arch", ctypes.c_char * 16), ("syscall", ctypes.c_char * 48),
                ("nr", ctypes.c_uint32), ("has_args", ctypes.c_bool), ("args", ctypes.c_uint64 * 6),
                ("ip", ctypes.c_uint64), ("program", ctypes.c_char * 256), ("build_id", ctypes.c_char * 41),
                ("cgroup", ctypes.c_char * 256), ("unit", ctypes.c_char * 128), ("call", ctypes.c_char * 1024),
                ("outcome", ctypes.c_int), ("seen_by", ctypes.c_int), ("policy", ctypes.c_char * 256),
                ("explanation", _Explanation), ("edit", _Edit),
                ("has_registers", ctypes.c_bool), ("registers", ctypes.c_uint64 * 17)]


_RefusedCall = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Refusal), _p)


class _RunOptions(ctypes.Structure):
    _fields_ = [("argv", ctypes.POINTER(_text)), ("environment", ctypes.POINTER(_text)),
                ("sandbox", _p), ("no_trace", ctypes.c_bool), ("dry_run", ctypes.c_bool),
                ("started", _p), ("watch", ctypes.c_int), ("since", _p), ("refused", _RefusedCall),
                ("suppressed", _p), ("sites_max", ctypes.c_uint), ("wants_edits", ctypes.c_bool),
                ("context", _p)]


class _RunReport(ctypes.Structure):
    _fields_ = [("signalled", ctypes.c_bool), ("status", ctypes.c_int), ("exit_status", ctypes.c_int),
                ("wall_ns", ctypes.c_uint64), ("user_us", ctypes.c_uint64), ("system_us", ctypes.c_uint64),
                ("max_rss_kib", ctypes.c_uint64), ("limit", ctypes.c_int),
                ("group_peak_bytes", ctypes.c_uint64), ("group_user_us", ctypes.c_uint64),
                ("group_system_us", ctypes.c_uint64), ("throttled_us", ctypes.c_uint64),
                ("pids_peak", ctypes.c_uint64), ("pids_refused", ctypes.c_uint64), ("oom_kills", ctypes.c_uint64),
                ("output_bytes", ctypes.c_uint64), ("output_error", ctypes.c_int),
                ("enforced", ctypes.c_uint), ("degraded", ctypes.c_uint),
                ("weaker", ctypes.c_char * 512), ("traced", ctypes.c_bool),
                ("untraced", ctypes.c_char * 128), ("refused", ctypes.c_uint),
                ("watched", ctypes.c_uint64), ("suppressed", ctypes.c_uint64)]


# What each function takes and gives; those that give an int fail by it.
_err = ctypes.POINTER(_Error)
_out = ctypes.POINTER(_p)
for _name, _gives, *_takes in (
        ("subject_open", ctypes.c_int, _text, ctypes.POINTER(_SubjectOptions), _out, _err),
        ("subject_parse", ctypes.c_int, _text, _text, _size, ctypes.POINTER(_SubjectOptions), _out, _err),
        ("subject_free", None, _p),
        ("subject_name", _text, _p),
        ("subject_kind", ctypes.c_int, _p),
        ("subject_kind_name", _text, ctypes.c_int),
        ("subject_kind_by_name", ctypes.c_int, _text),
        ("subject_simulate", ctypes.c_int, _p, _text, ctypes.POINTER(_Action), _err),
        ("subject_explain", ctypes.c_int, _p, _text, ctypes.POINTER(_Explanation), _err),
        ("subject_show", ctypes.c_int, _p, ctypes.c_int, _out, _err),
        ("subject_compile", ctypes.c_int, _p, ctypes.POINTER(_FilterOptions), _out, _err),
        ("action_format", None, _Action, _text, _size),
        ("diff_new", ctypes.c_int, _p, _p, _out, _err),
        ("diff_fold", ctypes.c_int, _p, _err),
        ("diff_add_brokers", ctypes.c_int, _p, _p, _p, _err),
        ("diff_free", None, _p),
        ("diff_count", _size, _p),
        ("diff_at", ctypes.POINTER(_Difference), _p, _size),
        ("check", ctypes.c_int, _p, _out, _err),
        ("report_free", None, _p),
        ("report_count", _size, _p),
        ("report_at", ctypes.POINTER(_Finding), _p, _size),
        ("severity_name", _text, ctypes.c_int),
        ("filter_free", None, _p),
        ("filter_program", _p, _p, ctypes.POINTER(_size)),
        ("filter_format_c", ctypes.c_int, _p, _out, _err),
        ("filter_load", ctypes.c_int, _p, ctypes.c_uint, ctypes.POINTER(ctypes.c_int), _err),
        ("policy_format", ctypes.c_int, _text, _text, _size, _out, _err),
        ("target_by_name", ctypes.c_int, _text),
        ("convert", ctypes.c_int, _p, ctypes.c_int, _out, _err),
        ("conversion_free", None, _p),
        ("conversion_text", _p, _p),
        ("conversion_length", _size, _p),
        ("conversion_diff", _p, _p),
        ("conversion_note", _text, _p, _size),
        ("sandbox_new", ctypes.c_int, _out, _err),
        ("sandbox_free", None, _p),
        ("sandbox_set", ctypes.c_int, _p, _text, ctypes.POINTER(_text), _size, _err),
        ("run", ctypes.c_int, _p, ctypes.POINTER(_RunOptions), ctypes.POINTER(_RunReport), _err)):
    _function = getattr(_lib, "callgate_" + _name)
    _function.restype, _function.argtypes = _gives, _takes

Explanation = collections.namedtuple("Explanation", "action call by_rule file line rule reason")
Difference = collections.namedtuple("Difference", "arch syscall condition a b witness")
Finding = collections.namedtuple(
    "Finding", "rule severity heuristic detail witness action file line reason remedy where")
Conversion = collections.namedtuple("Conversion", "text differences notes")
Refusal = collections.namedtuple("Refusal", "pid arch syscall nr args program call explanation")
Report = collections.namedtuple("Report", "exit_status signalled status wall_ns refusals traced untraced")


class Error(Exception):
    """What the library said: message, hint, file, line, col, status (a negative number), os_errno."""

    def __init__(self, block):
        for name, _ in _Error._fields_:
            value = getattr(block, name)
            setattr(self, name, value.decode(errors="replace") if isinstance(value, bytes) else value)
        place = f"{self.file}:{self.line}:{self.col}: " if self.line else f"{self.file}: " if self.file else ""
        super().__init__(place + self.message + (f" ({self.hint})" if self.hint else ""))


def _call(name, *arguments):
    """A function that fails, with its error block behind the arguments."""
    block = _Error()
    if getattr(_lib, "callgate_" + name)(*arguments, ctypes.byref(block)):
        raise Error(block)


def _make(name, *arguments):
    """The same for one whose last argument is where to put what it made."""
    made = _p()
    _call(name, *arguments, ctypes.byref(made))
    return made


def _take_text(name, *arguments):
    made = _make(name, *arguments)
    try:
        return ctypes.string_at(made).decode()
    finally:
        _libc.free(made)


def _encode(text):
    return os.fsencode(text) if text is not None else None


def _array(texts):
    """A C array of strings that ends in NULL."""
    texts = [_encode(text) for text in texts]
    return (_text * (len(texts) + 1))(*texts, None)


def _decode(text):
    return text.decode(errors="replace") if text is not None else None


def _action(action):
    text = ctypes.create_string_buffer(64)
    _lib.callgate_action_format(action, text, len(text))
    return text.value.decode()


def _explanation(found):
    return Explanation(_action(found.action), _decode(found.call), found.by_rule, _decode(found.file), found.line,
                       _decode(found.rule), _decode(found.reason))


def _differences(diff):
    found = []
    for index in range(_lib.callgate_diff_count(diff) if diff else 0):
        one = _lib.callgate_diff_at(diff, index).contents
        found.append(Difference(_decode(one.arch), _decode(one.syscall), _decode(one.condition),
                                _decode(one.a_rules) or _action(one.a), _decode(one.b_rules) or _action(one.b),
                                _decode(one.witness)))
    return found


def format(text, name="policy"):
    """The policy's text in the one form that everybody's policies have."""
    text = text.encode()
    return _take_text("policy_format", name.encode(), text, len(text))


class Filter:
    """A program that was proved equal to what it was made from."""

    def __init__(self, pointer):
        self._pointer = pointer

    def __del__(self):
        _lib.callgate_filter_free(self._pointer)

    @property
    def program(self):
        """The instructions as bytes: an array of struct sock_filter."""
        length = _size()
        insns = _lib.callgate_filter_program(self._pointer, ctypes.byref(length))
        return ctypes.string_at(insns, length.value * 8)

    def as_c(self):
        return _take_text("filter_format_c", self._pointer)

    def load(self, threads=True, log=False):
        """Confines this process for good, all of its threads or the calling one."""
        _call("filter_load", self._pointer, (1 if threads else 0) | (2 if log else 0), None)


class Subject:
    """Anything that has a meaning: a policy, a profile, a raw filter, the filters of a live process."""

    def __init__(self, pointer):
        self._pointer = pointer

    def __del__(self):
        _lib.callgate_subject_free(self._pointer)

    @staticmethod
    def _options(kind, group_folder, capabilities, kernel, phase):
        names = _array(capabilities)
        number = 0
        if kind is not None:
            number = _lib.callgate_subject_kind_by_name(_encode(kind))
            if number < 0:
                raise ValueError(f"no kind of subject: {kind}")
        major, minor = (int(part) for part in kernel.split(".")) if kernel else (0, 0)
        return _SubjectOptions(number, _PolicyOptions(_encode(group_folder), _encode(phase)), names, len(names) - 1, major << 8 | minor)

    @classmethod
    def open(cls, name, kind=None, group_folder=None, capabilities=(), kernel=None, phase=None):
        """A file, "-" for standard input, or "pid:N"; kind is recognised unless it is said. phase takes what a policy
        stacks at the mark of that one."""
        options = cls._options(kind, group_folder, capabilities, kernel, phase)
        return cls(_make("subject_open", _encode(name), ctypes.byref(options)))

    @classmethod
    def parse(cls, text, name="text", kind=None, group_folder=None, capabilities=(), kernel=None, phase=None):
        """Text, or the bytes of a raw filter."""
        options = cls._options(kind, group_folder, capabilities, kernel, phase)
        data = text.encode() if isinstance(text, str) else bytes(text)
        return cls(_make("subject_parse", _encode(name), data, len(data), ctypes.byref(options)))

    @property
    def name(self):
        return _decode(_lib.callgate_subject_name(self._pointer))

    @property
    def kind(self):
        return _decode(_lib.callgate_subject_kind_name(_lib.callgate_subject_kind(self._pointer)))

    def simulate(self, call):
        """The action that this call gets: "allow", "errno EPERM"."""
        action = _Action()
        _call("subject_simulate", self._pointer, _encode(call), ctypes.byref(action))
        return _action(action)

    def explain(self, call):
        found = _Explanation()
        _call("subject_explain", self._pointer, _encode(call), ctypes.byref(found))
        return _explanation(found)

    def show(self, form="table"):
        """As a "table", as "asm", as a "diagram" in Graphviz's language."""
        return _take_text("subject_show", self._pointer, ("table", "asm", "diagram").index(form))

    def diff(self, other, fold=True):
        """Where the other one answers differently, with a call each; empty when the two are equal."""
        diff = _make("diff_new", self._pointer, other._pointer)
        try:
            if fold:
                _call("diff_fold", diff)
            _call("diff_add_brokers", diff, self._pointer, other._pointer)
            return _differences(diff)
        finally:
            _lib.callgate_diff_free(diff)

    def check(self):
        """The holes that real filters had, each with a call that goes through; the worst first."""
        report = _make("check", self._pointer)
        try:
            found = []
            for index in range(_lib.callgate_report_count(report)):
                one = _lib.callgate_report_at(report, index).contents
                values = {name: getattr(one, name) for name, _ in _Finding._fields_}
                values["severity"] = _lib.callgate_severity_name(one.severity)
                found.append(Finding(**{name: _decode(value) if isinstance(value, bytes) else value
                                        for name, value in values.items()}))
            return found
        finally:
            _lib.callgate_report_free(report)

    def compile(self, arches=None):
        options = _FilterOptions(_encode(",".join(arches)) if arches else None)
        return Filter(_make("subject_compile", self._pointer, ctypes.byref(options)))

    def convert(self, target):
        """For another tool: what was written (bytes for "bpf"), what of the meaning it does not say, notes."""
        number = _lib.callgate_target_by_name(_encode(target))
        if number < 0:
            raise ValueError(f"no target: {target}")
        conversion = _make("convert", self._pointer, number)
        try:
            text = ctypes.string_at(_lib.callgate_conversion_text(conversion),
                                    _lib.callgate_conversion_length(conversion))
            notes = []
            while (note := _lib.callgate_conversion_note(conversion, len(notes))) is not None:
                notes.append(_decode(note))
            return Conversion(text if target == "bpf" else text.decode(),
                              _differences(_lib.callgate_conversion_diff(conversion)), notes)
        finally:
            _lib.callgate_conversion_free(conversion)

    def run(self, argv, environment=None, keep=(), set=(), pass_fds=(), folder=None, trace=True, refused=None,
            sandbox=()):
        """Runs a program under this subject's filter to its end. sandbox are settings as the command's options, each a
        name and its values: [("preset", "strict"), ("bind", "/data", "/data")]. refused is called with each Refusal at
        once; all are in the report. Not while other children of this process are waited for."""
        refusals = []

        def tell(found, _):
            one = found.contents
            refusals.append(Refusal(one.pid, _decode(one.arch), _decode(one.syscall), one.nr, tuple(one.args),
                                    _decode(one.program), _decode(one.call), _explanation(one.explanation)))
            if refused:
                refused(refusals[-1])

        environment = os.environ if environment is None else environment
        settings = [*sandbox, *(("env", name) for name in keep), *(("pass-fd", str(fd)) for fd in pass_fds),
                    *(("setenv", f"{name}={value}") for name, value in dict(set).items())]
        if folder is not None:
            settings.append(("chdir", folder))
        options = _RunOptions(
            argv=_array(argv), environment=_array(f"{name}={value}" for name, value in environment.items()),
            no_trace=not trace, refused=_RefusedCall(tell))
        report = _RunReport()
        options.sandbox = _make("sandbox_new")
        try:
            for name, *values in settings:
                _call("sandbox_set", options.sandbox, _encode(name), _array(values), len(values))
            _call("run", self._pointer, ctypes.byref(options), ctypes.byref(report))
        finally:
            _lib.callgate_sandbox_free(options.sandbox)
        return Report(report.exit_status, report.signalled, report.status, report.wall_ns, refusals, report.traced,
                      _decode(report.untraced))
